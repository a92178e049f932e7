// A chat in the console, with any model that has a chat template. One session goes through the whole conversation: a turn reads
// the new message and nothing that was said before.
using Chat;

AnswerStop answers = new();
return Sample.Run(args, Settings.Usage, given => new Settings(given), (settings, stop) => Run(settings, answers, stop), answers.Stop);

static void Run(Settings settings, AnswerStop answers, CancellationToken stop)
{
    using Llm llm = settings.Model is { } model ? LoadingDisplay.Load(model, stop) : SmallTalk.Model(settings.Base, settings.Seed, stop);
    using Conversation conversation = new(llm, settings.System, settings.Figures);
    if (settings.Model is null)
        Console.WriteLine($"\n{SmallTalk.Hint}");
    Console.WriteLine("Write something; /help says what else there is. Ctrl+C ends an answer, here the conversation, and so does /quit.");
    while (true)
    {
        string? line = Read(stop);
        if (Console.IsInputRedirected)
            Console.WriteLine(line); // what was typed, a terminal shows by itself
        if (line is null || line.Trim() == "/quit")
            return;
        if (line.TrimStart().StartsWith('/'))
            Console.WriteLine(conversation.Command(line.Trim()));
        else if (!string.IsNullOrWhiteSpace(line))
            answers.During(cancel => conversation.AnswerAsync(line, cancel), stop).GetAwaiter().GetResult();
    }
}

// Ctrl+C does not end ReadLine: what waits is another thread.
static string? Read(CancellationToken stop)
{
    Console.Write("\n> ");
    try
    {
        return Task.Run(Console.ReadLine, stop).WaitAsync(stop).GetAwaiter().GetResult();
    }
    catch (OperationCanceledException)
    {
        Console.WriteLine();
        throw;
    }
}
