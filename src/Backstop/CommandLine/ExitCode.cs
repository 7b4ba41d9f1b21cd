namespace Backstop.CommandLine;

/// <summary>What a verb tells the shell. Scripts rely on these numbers; they never change meaning.</summary>
internal static class ExitCode
{
    /// <summary>It was done, or the answer is yes.</summary>
    public const int Ok = 0;

    /// <summary>It was understood and the answer is no: a gate refused, a rollout was rolled back, a check failed.</summary>
    public const int No = 1;

    /// <summary>The command line or a file it names makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>The server did not answer.</summary>
    public const int Unreachable = 3;

    /// <summary>Something failed that nobody planned for.</summary>
    public const int Unexpected = 4;

    /// <summary>Interrupted from the keyboard.</summary>
    public const int Interrupted = 130;

    /// <summary>For the help text of the whole program.</summary>
    public const string Explanation =
        "0 ok   1 the answer is no   2 usage   3 server unreachable   4 unexpected failure   130 interrupted";
}
