using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Backstop.Control.Api;

/// <summary>The body of a request: a handler that takes one thereby declares what its address takes.</summary>
/// <remarks>It is read when the handler asks, and not when it is bound: that comes before anybody looked at who is calling.</remarks>
internal sealed class Body<T>(HttpContext context) : IEndpointParameterMetadataProvider
{
    /// <summary>The body.</summary>
    /// <exception cref="RefusedException">It is not one; see <see cref="StrictBody.Read{T}"/>.</exception>
    public Task<T> Read() => StrictBody.Read<T>(context);

    public static ValueTask<Body<T>?> BindAsync(HttpContext context) => ValueTask.FromResult<Body<T>?>(new(context));

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata([StrictBody.Json], typeof(T), isOptional: typeof(T) == typeof(Nothing)));
}

/// <summary>A body that says nothing: <c>{}</c>, or none.</summary>
internal sealed record Nothing;
