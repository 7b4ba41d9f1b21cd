using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Commands;
using Backstop.Hosting;

ChildProcess.EndWithParent();

// One line per family of verbs; each lives in its own file of Commands/ and has a Create().
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

return await Shell.Run(root, args);
