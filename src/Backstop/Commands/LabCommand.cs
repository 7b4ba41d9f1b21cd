using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop lab</c>: experiments that need no server of yours.</summary>
internal static class LabCommand
{
    public static Verb Create() => new("lab", "Experiments that run on this machine and need no server.")
    {
        LabTextbook.Create(),
        LabDetect.Create(),
        LabMttr.Create(),
        LabReplay.Create(),
        LabFleet.Create(),
        LabCorpus.Create(),
        LabRing.Create(),
        LabDeploy.Create(),
    };
}
