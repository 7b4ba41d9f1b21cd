using System.CommandLine;
using Backstop.Commands;

namespace Backstop;

/// <summary>Everything that <c>backstop</c> can be told to do.</summary>
internal static class Verbs
{
    /// <summary>One line per family of verbs; each lives in its own file of <c>Commands/</c>.</summary>
    public static RootCommand All()
    {
        var root = new RootCommand("Backstop: the safety net of a model-serving fleet.")
        {
            DemoCommand.Create(),
            ServeCommand.Create(),
            ApplyCommand.Create(),
            ReleaseCommand.Create(),
            ComponentCommand.Create(),
            PromptCommand.Create(),
            AliasCommand.Create(),
            RolloutCommand.Create(),
            DrillCommand.Create(),
            MitigateCommand.Create(),
            IncidentCommand.Create(),
            GateCommand.Create(),
            MonitorCommand.Create(),
            ProbeCommand.Create(),
            JournalCommand.Create(),
            KeyCommand.Create(),
            StoreCommand.Create(),
            EmulateCommand.Create(),
            LabCommand.Create(),
            GuardCommand.Create(),
            GatewayCommand.Create(),
            NotifyCommand.Create(),
            PolicyCommand.Create(),
            CompletionCommand.Create(),
        };
        NameCompletion.Attach(root);
        return root;
    }
}
