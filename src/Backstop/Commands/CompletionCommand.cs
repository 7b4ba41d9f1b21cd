using System.CommandLine;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop completion</c>: what makes a shell complete command lines.</summary>
internal static class CompletionCommand
{
    // Each asks the program itself, which knows its verbs and the names on the server. A colon ends a word for bash and for nobody
    // else: what stands before it is on the line already and must not be put there again.
    private const string Bash = """
        # Put this into ~/.bashrc:  source <(backstop completion bash)
        _backstop() {
            local line=${COMP_LINE:0:COMP_POINT} word found
            word=${line##* }
            COMPREPLY=()
            while IFS= read -r found; do
                [[ $found == "$word"* ]] || continue
                [[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && found=${found#"${word%"${word##*:}"}"}
                COMPREPLY+=("$found")
            done < <("$1" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
        }
        complete -o default -F _backstop backstop
        """;

    private const string Zsh = """
        # Put this into ~/.zshrc, behind compinit:  source <(backstop completion zsh)
        _backstop() {
            local -a found
            found=("${(@f)$($words[1] "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            compadd -- ${found:#} || _files
        }
        compdef _backstop backstop
        """;

    private const string Fish = """
        # Put this into ~/.config/fish/config.fish:  backstop completion fish | source
        function __backstop
            set -l line (commandline -cp)
            backstop "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c backstop -a '(__backstop)'
        """;

    public static Verb Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var verb = new Verb("completion", "Print what makes your shell complete verbs, options, and the names of aliases and releases.")
        {
            Examples = ["source <(backstop completion bash)", "backstop completion fish | source"],
        };
        verb.Arguments.Add(shell);
        verb.Options.Add(Remote.JsonOption);
        verb.SetAction(line =>
        {
            var name = line.GetRequiredValue(shell);
            var script = name switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            };
            if (Remote.WantsJson(line))
            {
                line.InvocationConfiguration.Output.WriteJson(new { shell = name, script });
            }
            else
            {
                line.InvocationConfiguration.Output.WriteLine(script);
            }

            return ExitCode.Ok;
        });
        return verb;
    }
}
