using Backstop.Core.Gates;
using Backstop.Core.Incidents;
using Backstop.Core.Inputs;

namespace Backstop.Control.Gates;

/// <summary>Writes what was learnt as files that people review: <c>gates/INC-…/</c> in the data directory.</summary>
public sealed class GateFolder(ControlOptions options)
{
    /// <summary>Writes the three files of a monitor, each whole or not at all.</summary>
    public async Task Write(InputMonitor monitor, InputContract contract, Incident incident, string release, string baseline, CancellationToken cancel)
    {
        var directory = FolderOf(incident);
        await WriteFile(directory, "certificate.json", monitor.CertificateText(), cancel);
        await WriteFile(directory, "POSTMORTEM.md", Postmortem.Draft(incident, gate: null, release, baseline), cancel);
        await WriteFile(directory, "monitor.yaml", monitor.Yaml(contract.ToJson().ToJsonString()), cancel);
    }

    /// <summary>Writes the four files, each whole or not at all.</summary>
    public async Task Write(Gate gate, Incident incident, string release, string baseline, CancellationToken cancel)
    {
        var directory = FolderOf(incident);
        await WriteFile(directory, "cases.jsonl", GateFiles.Cases(gate.Cases), cancel);
        await WriteFile(directory, "certificate.json", GateFiles.CertificateText(gate.Certificate!), cancel);
        await WriteFile(directory, "POSTMORTEM.md", Postmortem.Draft(incident, gate, release, baseline), cancel);
        await WriteFile(directory, "gate.yaml", GateFiles.Yaml(gate), cancel);
    }

    private string FolderOf(Incident incident) => Directory.CreateDirectory(Path.Combine(options.DataDirectory, "gates", incident.Id)).FullName;

    private static async Task WriteFile(string directory, string name, string text, CancellationToken cancel)
    {
        var path = Path.Combine(directory, name);
        await File.WriteAllTextAsync(path + ".new", text, cancel);
        File.Move(path + ".new", path, overwrite: true);
    }
}
