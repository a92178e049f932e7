using System.Diagnostics;
using System.Globalization;
using System.Numerics;

namespace Chat;

/// <summary>A conversation and what is set for its answers.</summary>
internal sealed class Conversation : IDisposable
{
    private const string Help = """
        /reset            forgets the conversation
        /system TEXT      the same, and tells the model TEXT before the next one; without TEXT nothing
        /temperature X    how free the choice of words is: 0 takes the likeliest, 1 the model's own odds
        /top-k N          among the N likeliest words only; 0 among all
        /top-p X          among the likeliest that make up the share X of the probability; 1 among all
        /max N            the longest answer, in tokens
        /seed N           the same answers again
        /history          what has been said, as the model reads it
        /quit             ends
        """;

    private readonly Llm _llm;
    private readonly bool _figures;
    private ChatSession _chat;
    private GenerationOptions _options = new();

    public Conversation(Llm llm, string? system, bool figures)
    {
        (_llm, _figures) = (llm, figures);
        _chat = Start(system);
    }

    /// <summary>Writes the answer to a message as it comes.</summary>
    public async Task AnswerAsync(string message, CancellationToken cancel)
    {
        int before = _chat.Messages.Count;
        long start = Stopwatch.GetTimestamp();
        try
        {
            await foreach (string piece in _chat.StreamAsync(message, _options, cancel).ConfigureAwait(false))
                Console.Write(piece);
        }
        catch (Exception error) when (error is LlmException or ArgumentException)
        {
            Console.WriteLine(error.Message);
            return;
        }

        Completion answer = _chat.Answer!;
        Console.WriteLine(answer.FinishReason is FinishReason.MaxTokens or FinishReason.ContextLength ? " [...]" : "");
        if (_chat.Messages.Count < before + 2)
            Console.WriteLine("[The context is full: the oldest turns are forgotten.]");
        if (!_figures)
            return;
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        Console.WriteLine($"[{answer.PromptTokens} tokens of conversation, {answer.PromptTokens - _chat.ReusedTokens} of them read now; {answer.Tokens.Count} written; {took.TotalSeconds:0.00} s]");
    }

    /// <summary>Does what a line with a slash says.</summary>
    /// <returns>What to show.</returns>
    public string Command(string line)
    {
        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        string value = words.ElementAtOrDefault(1) ?? "";
        try
        {
            switch (words[0])
            {
                case "/help":
                    return Help;
                case "/history":
                    return _chat.Messages.Count == 0 ? "Nothing yet." : _llm.RenderChat(_chat.Messages, addGenerationPrompt: false).TrimEnd();
                case "/reset":
                    _chat.Reset();
                    return "The conversation begins anew.";
                case "/system":
                    _chat.Dispose();
                    _chat = Start(value.Length == 0 ? null : value);
                    return "The conversation begins anew.";
                case "/temperature":
                    return Set(_options with { Temperature = Number(value, least: 0.0) });
                case "/top-k":
                    return Set(_options with { TopK = Number(value, least: 0) });
                case "/top-p":
                    return Set(_options with { TopP = Number(value, least: 0.0001, most: 1) });
                case "/max":
                    return Set(_options with { MaxNewTokens = Number(value, least: 1) });
                case "/seed":
                    return Set(_options with { Seed = Number(value, least: 0L) });
                default:
                    return $"There is no {words[0]}.\n{Help}";
            }
        }
        catch (FormatException error)
        {
            return $"{words[0]}: {error.Message}";
        }

        string Set(GenerationOptions options)
        {
            _options = options;
            return $"{words[0][1..]} is {value} from now on.";
        }
    }

    public void Dispose() => _chat.Dispose();

    private ChatSession Start(string? system) => _llm.StartChat(new() { System = system, DropOldestTurns = true });

    private static T Number<T>(string value, T least, T? most = null)
        where T : struct, INumber<T> => T.TryParse(value, CultureInfo.InvariantCulture, out T number) && number >= least && !(number > most) && T.IsFinite(number) ? number
        : throw new FormatException($"a number of at least {least}{(most is { } highest ? $" and at most {highest}" : "")} is wanted, found '{value}'.");
}
