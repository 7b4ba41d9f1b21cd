using System.Text.RegularExpressions;

namespace Backstop.GatewayBench;

/// <summary>Which component a sample of the profiler was in.</summary>
internal static partial class Sample
{
    // By what a library's name, or a method's with its library in brackets, begins with; the first that fits counts.
    private static readonly (string Begins, string Component)[] Components =
    [
        ("Backstop.Core.Guards", "the ring"), ("Backstop.Core", "evidence and routes"), ("Backstop.Gateway", "the path of a request"),
        ("Backstop", "the path of a request"), ("Google.Protobuf", "batches for control"), ("Grpc", "batches for control"),
        ("Yarp", "YARP"), ("OpenTelemetry", "measurements"), ("System.Diagnostics.DiagnosticSource", "measurements"),
        ("System.Text.Json", "JSON"), ("System.Net", "sockets of .NET"), ("Microsoft.AspNetCore", "Kestrel"), ("Microsoft.Extensions", "Kestrel"),
        ("System.IO.Pipelines", "Kestrel"), ("System", "the base library"), ("libSystem", "the base library"), ("libcoreclr", "the runtime and its garbage collector"),
        ("libclrgc", "the runtime and its garbage collector"), ("libclrjit", "compiling"), ("libcrypto", "OpenSSL"), ("libc.so", "libc"),
        ("ld-linux", "libc"), ("libm.so", "libc"), ("[kernel", "the kernel"), ("[vdso", "the clock"),
    ];

    /// <summary>The component and the function of a line of <c>perf script -F ip,sym,dso</c>; null of an empty one.</summary>
    public static (string Component, string Function)? Of(string line)
    {
        if (Line().Match(line) is not { Success: true } sample)
        {
            return null;
        }

        var (function, library) = (sample.Groups["function"].Value, Path.GetFileName(sample.Groups["library"].Value));
        if (Compiled().Match(function) is { Success: true } method)
        {
            function = method.Groups["method"].Value;
            library = function.StartsWith("Backstop.Core.Guards", StringComparison.Ordinal) ? "Backstop.Core.Guards" : method.Groups["library"].Value;
        }

        foreach (var (begins, component) in Components)
        {
            if (library.StartsWith(begins, StringComparison.Ordinal))
            {
                return (component, function);
            }
        }

        return ("code without a name", function);
    }

    // address function (library)
    [GeneratedRegex(@"^\s*[0-9a-f]+ (?<function>.*) \((?<library>[^()]*).*\)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Line();

    // What the runtime says of a method: returns [library] type::method(arguments)[tier]
    [GeneratedRegex(@"\[(?<library>[A-Za-z][\w.]*)\] (?<method>.*)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Compiled();
}
