using System.Buffers;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.GatewayBench.Servers;

/// <summary>The least a gateway on Kestrel and <see cref="SocketsHttpHandler"/> can be: it reads which model is asked and passes the bytes on.</summary>
internal static class BareForwarder
{
    public static async Task Run(int port, int upstream, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        await using var app = builder.Build();
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null,
        });
        app.Run(context => Forward(context, http, upstream));
        await app.StartAsync(cancel);
        await app.WaitForShutdownAsync(cancel);
    }

    private static async Task Forward(HttpContext context, HttpMessageInvoker http, int upstream)
    {
        var (left, length) = (context.RequestAborted, (int)context.Request.ContentLength!);
        var body = ArrayPool<byte>.Shared.Rent(length);
        await context.Request.Body.ReadExactlyAsync(body.AsMemory(0, length), left);
        if (Model(body.AsSpan(0, length)) is null)
        {
            context.Response.StatusCode = 400;
            return;
        }

        using var message = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{upstream}{context.Request.Path}")
        {
            Content = new ReadOnlyMemoryContent(body.AsMemory(0, length)),
        };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        using var answer = await http.SendAsync(message, left);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        context.Response.ContentLength = answer.Content.Headers.ContentLength;
        await answer.Content.CopyToAsync(context.Response.Body, left);
        ArrayPool<byte>.Shared.Return(body);
    }

    private static string? Model(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isModel = reader.ValueTextEquals("model"u8);
            reader.Read();
            if (isModel)
            {
                return reader.GetString();
            }

            reader.Skip();
        }

        return null;
    }
}
