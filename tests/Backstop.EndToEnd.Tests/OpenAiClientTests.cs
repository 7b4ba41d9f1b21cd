using System.ClientModel;
using System.Diagnostics;
using OpenAI;
using OpenAI.Chat;

namespace Backstop.EndToEnd.Tests;

/// <summary>Applications keep the clients they have: the official ones complete chats through the gateway, unmodified.</summary>
[Collection<OneServer>]
public sealed class OpenAiClientTests(RunningBackstop backstop)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_NuGet_client_completes_a_chat()
    {
        ChatCompletion answer = await Client().CompleteChatAsync([new UserChatMessage("What is 2 + 2?")], cancellationToken: Cancel);

        Assert.Contains("answer", answer.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task The_NuGet_client_completes_a_streamed_chat()
    {
        var text = "";
        ChatFinishReason? end = null;
        await foreach (var update in Client().CompleteChatStreamingAsync([new UserChatMessage("What is 2 + 2?")], cancellationToken: Cancel))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            end = update.FinishReason ?? end;
        }

        Assert.Contains("answer", text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, end);
    }

    [Fact]
    public async Task The_npm_client_completes_a_chat_and_a_streamed_chat_and_lists_the_aliases()
    {
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "npm")).FullName;
        foreach (var file in (string[])["package.json", "package-lock.json", "chat.mjs"])
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "Npm", file), Path.Combine(folder, file), overwrite: true);
        }

        await Run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"], folder);
        var printed = await Run("node", ["chat.mjs", new Uri(backstop.Http, "v1").ToString(), RunningBackstop.Alias], folder);

        Assert.Equal(["models ok", "chat ok", "stream ok", "error ok"], printed.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<string> Run(string program, string[] arguments, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        var output = await process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await errors}{output}");
        return output;
    }

    private ChatClient Client() => new(
        RunningBackstop.Alias, new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = new(backstop.Http, "v1") });
}
