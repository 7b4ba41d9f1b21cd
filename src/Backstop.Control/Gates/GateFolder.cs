using Backstop.Core.Gates;
using Backstop.Core.Incidents;

namespace Backstop.Control.Gates;

/// <summary>Writes what was learnt as files that people review: <c>gates/INC-…/</c> in the data directory.</summary>
public sealed class GateFolder(ControlOptions options)
{
    /// <summary>Writes the four files, each whole or not at all.</summary>
    public async Task Write(Gate gate, Incident incident, string release, string baseline, CancellationToken cancel)
    {
        var directory = Directory.CreateDirectory(Path.Combine(options.DataDirectory, "gates", incident.Id)).FullName;
        await WriteFile("cases.jsonl", GateFiles.Cases(gate.Cases));
        await WriteFile("certificate.json", GateFiles.CertificateText(gate.Certificate!));
        await WriteFile("POSTMORTEM.md", Postmortem.Draft(incident, gate, release, baseline));
        await WriteFile("gate.yaml", GateFiles.Yaml(gate));

        async Task WriteFile(string name, string text)
        {
            var path = Path.Combine(directory, name);
            await File.WriteAllTextAsync(path + ".new", text, cancel);
            File.Move(path + ".new", path, overwrite: true);
        }
    }
}
