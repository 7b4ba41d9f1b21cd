using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>Keeps what was logged, with the ids that operators rely on.</summary>
internal sealed class LogBook : ILoggerProvider
{
    private readonly ConcurrentQueue<(int Id, string Text)> _lines = new();

    public (int Id, string Text)[] Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Writer(_lines);

    public void Dispose()
    {
    }

    private sealed class Writer(ConcurrentQueue<(int Id, string Text)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue((eventId.Id, formatter(state, exception) + (exception is null ? "" : $" {exception}")));
    }
}
