using Backstop.Core.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Reads the part of an address behind the question mark without guessing, as <see cref="StrictBody"/> reads bodies.</summary>
internal sealed class StrictQuery : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (http.Request.Query.Count > 0)
        {
            Check(http.Request.Query, [.. Known((RouteEndpoint)http.GetEndpoint()!)]);
        }

        return next(context);
    }

    /// <summary>What may stand there, by the parameters of the handler.</summary>
    public static IEnumerable<IParameterBindingMetadata> Known(RouteEndpoint endpoint) => endpoint.Metadata.OfType<IParameterBindingMetadata>()
        .Where(p => !p.HasBindAsync && (p.HasTryParse || p.ParameterInfo.ParameterType == typeof(string)) && endpoint.RoutePattern.GetParameter(p.Name) is null);

    private static void Check(IQueryCollection query, IParameterBindingMetadata[] known)
    {
        foreach (var (name, values) in query)
        {
            var parameter = known.FirstOrDefault(p => p.Name == name)
                ?? throw RefusedException.Invalid($"Unknown '{name}' behind the '?'.{Suggestion.For(name, known.Select(p => p.Name))}");
            if (values is not [{ } value])
            {
                throw RefusedException.Invalid($"'{name}' stands {values.Count} times behind the '?': once is enough.");
            }

            var type = Nullable.GetUnderlyingType(parameter.ParameterInfo.ParameterType) ?? parameter.ParameterInfo.ParameterType;
            if ((type == typeof(long) && !long.TryParse(value, out _)) || (type == typeof(int) && !int.TryParse(value, out _)))
            {
                throw RefusedException.Invalid($"'{name}' is '{value}', which is not a whole number that is possible here.");
            }

            if (value.Contains('\0', StringComparison.Ordinal))
            {
                throw RefusedException.Invalid($"'{name}' holds the character U+0000, which no name has.");
            }
        }
    }
}
