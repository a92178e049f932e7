namespace Lab2.FineTuning;

/// <summary>What is trained on, and what is measured on.</summary>
/// <param name="Train">For training.</param>
/// <param name="Test">For the measurements before and after; training never sees them.</param>
/// <param name="Origin">Where they are from, in a sentence or two.</param>
/// <param name="Other">Another task on dialogues like these; null where the files have none.</param>
internal sealed record LabData(IReadOnlyList<Example> Train, IReadOnlyList<Example> Test, string Origin, OtherTask? Other)
{
    private static readonly string[] Summaries = ["summary", "summary1", "summary2", "summary3"];
    private static readonly string[] Topics = ["topic", "topic1", "topic2", "topic3"];

    /// <summary>Conversations made up by chance.</summary>
    public static LabData MadeUp(Settings settings)
    {
        // Other draws than those of the pre-training, which has the seed itself.
        Random random = new(settings.Seed + 1);
        Meeting[] test = [.. Draw(settings.Test)], train = [.. Draw(settings.Train)];
        Duplicates duplicates = Duplicates.Between(train.Select(meeting => meeting.ToSummarise), [.. test.Select(meeting => meeting.ToSummarise)]);
        OtherTask message = new("message", [.. train.Select(meeting => meeting.ToWrite("message"))], [.. test.Select(meeting => meeting.ToWrite("message"))], Meeting.FactsRight);
        return new LabData(
            duplicates.Kept, [.. test.Select(meeting => meeting.ToSummarise)], $"{settings.Train:N0} conversations made up for training, {settings.Test:N0} for the test. {duplicates}", message);

        IEnumerable<Meeting> Draw(int count) => Enumerable.Range(0, count).Select(_ => Meeting.Draw(random));
    }

    /// <summary>Dialogues from files: drawn by the seed from those that are short enough.</summary>
    /// <exception cref="FormatException">There are too few.</exception>
    /// <exception cref="DataException">A file is no such file; the message names the place.</exception>
    public static LabData FromFiles(Settings settings, Llm llm)
    {
        (Example[] train, string trainOrigin) = Short(settings.Data!);
        string testOrigin = "";
        Example[] test;
        if (settings.TestData is null)
        {
            RequireEnough(train.Length, settings.Train + settings.Test, "--train and --test");
            (train, test) = (train[settings.Test..], train[..settings.Test]);
        }
        else
        {
            (test, testOrigin) = Short(settings.TestData);
            RequireEnough(test.Length, settings.Test, "--test");
            test = test[..settings.Test];
        }

        // A dialogue that is in both would be measured by heart.
        Duplicates duplicates = Duplicates.Between(train, test, example => example.Prompt + string.Concat(example.Messages.SkipLast(1).Select(turn => turn.Content)));
        RequireEnough(duplicates.Kept.Count, settings.Train, "--train");
        Example[] kept = [.. duplicates.Kept.Take(settings.Train)];
        return new LabData(kept, test, $"{trainOrigin}{testOrigin}Drawn: {settings.Train:N0} to train on, {test.Length:N0} to measure on. {duplicates}", TopicsOf(settings, llm, kept, test));

        (Example[] Examples, string Origin) Short(string path)
        {
            Example[] all = [.. Read(path, Summaries, "Summarize the following conversation.", "Summary", llm.HasChatTemplate)];
            Example[] kept = [.. all.Where(example => Length(example) <= settings.MaxLength)];
            new Random(settings.Seed).Shuffle(kept);
            return (kept, $"{Path.GetFileName(path)}: {all.Length:N0} dialogues, {kept.Length:N0} of at most {settings.MaxLength} tokens with their summaries. ");
        }

        // In training, the answer and the token that ends it included.
        int Length(Example example) => example.Messages.Count > 0
            ? llm.Tokenizer.EncodeIds(llm.RenderChat(example.Messages, addGenerationPrompt: false), addSpecialTokens: false).Length
            : llm.Tokenizer.EncodeIds(example.Prompt + example.Completion).Length + 1;

        static void RequireEnough(int found, int wanted, string names)
        {
            if (found < wanted)
                throw new FormatException($"{names}: {wanted:N0} dialogues are wanted, and {found:N0} are there that are short enough. Ask for fewer, or for a larger --max-length.");
        }
    }

    // The topics of the same dialogues, where there are any.
    private static OtherTask? TopicsOf(Settings settings, Llm llm, Example[] train, Example[] test)
    {
        string trained = settings.Data!, tested = settings.TestData ?? trained;
        if (!Has(trained) || !Has(tested))
            return null;
        return new OtherTask("topic", Of(trained, train), Of(tested, test), Metrics.Rouge);

        static bool Has(string path) => Examples.FromFile(path).First().Fields.Keys.Intersect(Topics).Any();

        // By the place in the file, which an example has from its row.
        Example[] Of(string path, Example[] dialogues)
        {
            Dictionary<string, Example> topics = Read(path, Topics, "What is the following conversation about?", "Topic", llm.HasChatTemplate).ToDictionary(example => example.Source!);
            return [.. dialogues.Select(dialogue => topics[dialogue.Source!])];
        }
    }

    // One example for each dialogue; several answers to it become several references.
    private static IEnumerable<Example> Read(string path, string[] columns, string question, string title, bool chats) =>
        from row in Examples.FromFile(path)
        from name in columns.Where(row.Fields.ContainsKey).DefaultIfEmpty(columns[0])
        group (Answer: row.Get<string>(name), row.Source) by row.Get<string>("dialogue") into rows
        select Pair(rows.Key, rows.First().Answer, question, title, chats) with { References = [.. rows.Select(row => row.Answer)], Source = rows.First().Source };

    // The lab's prompt; a model that chats gets it as a user's message. The lab's blank behind "Summary: " is left out: the model writes it.
    private static Example Pair(string dialogue, string answer, string question, string title, bool chats) => chats
        ? new Example([new ChatMessage("user", $"{question}\n\n{dialogue}"), new ChatMessage("assistant", answer)])
        : new Example($"{question}\n\n{dialogue}\n\n{title}:\n", answer);
}
