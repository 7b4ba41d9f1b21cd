using System.Reflection;
using Backstop.Control.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Backstop.Control.Api;

/// <summary>What an address answers when all went well: a handler that returns one thereby declares it.</summary>
/// <param name="value">Written in the API's spelling, whatever the host's defaults are.</param>
/// <param name="status">200, or another that the address declares with <see cref="AnswerDeclaration.Answers"/>.</param>
internal sealed class Answer<T>(T value, int status) : IResult, IKeepable, IEndpointMetadataProvider
{
    int IKeepable.Status => status;

    string IKeepable.Text() => StoreJson.Write(value);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (!httpContext.GetEndpoint()!.Metadata.OfType<AnswerStatus>().Any(s => s.Status == status))
        {
            throw new InvalidOperationException($"{httpContext.Request.Path} answers {status} and does not declare it: add .Answers({status}) where it is mapped.");
        }

        if (value is ITagged { Tag: var tag })
        {
            httpContext.Response.Headers.ETag = $"\"{tag}\"";
        }

        httpContext.Response.StatusCode = status;
        return httpContext.Response.WriteAsJsonAsync(value, StoreJson.Options, httpContext.RequestAborted);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new AnswerForm(typeof(T), StrictBody.Json));
        builder.Metadata.Add(new AnswerStatus(StatusCodes.Status200OK));
    }
}

/// <summary>What stands in an answer: a type, or text of a kind that is described elsewhere.</summary>
internal sealed record AnswerForm(Type Type, string ContentType);

/// <summary>A status that an answer may have.</summary>
internal sealed record AnswerStatus(int Status);

/// <summary>How addresses declare what their handlers' types do not say.</summary>
internal static class AnswerDeclaration
{
    /// <summary>May answer with this status too.</summary>
    public static TBuilder Answers<TBuilder>(this TBuilder endpoint, int status)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new AnswerStatus(status));

    /// <summary>Answers with a text.</summary>
    public static TBuilder AnswersText<TBuilder>(this TBuilder endpoint, string contentType)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AnswerForm(typeof(string), contentType), new AnswerStatus(StatusCodes.Status200OK));
}
