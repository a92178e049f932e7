using System.Reflection;

namespace LlmCourse.Data;

/// <summary>
/// Templates that come with the library: for each task several wordings, because a model that has seen one wording follows
/// only that one (Wei et al., "Finetuned language models are zero-shot learners", 2021), and one for chat models. Your own go
/// into a file of the same form. The prompts end with a line break and the completions begin with a word, so that both
/// can be tokenized by themselves.
/// </summary>
public static class Templates
{
    private static readonly Lazy<IReadOnlyList<ExampleTemplate>> Embedded = new(ReadEmbedded);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ExampleTemplate> All => Embedded.Value;

    /// <summary>The course's prompt for summaries of dialogues: <c>{dialogue}</c>, <c>{summary}</c>.</summary>
    public static ExampleTemplate Summarise => Named("summarise");

    /// <summary>The sentiment of a review: <c>{text}</c>, <c>{label}</c> (0 or negative, 1 or positive).</summary>
    public static ExampleTemplate ClassifyReview => Named("classify-review");

    /// <summary>The names in a text: <c>{text}</c>, <c>{entities}</c> (a text, or a list of texts).</summary>
    public static ExampleTemplate ExtractEntities => Named("extract-entities");

    /// <summary>Translation: <c>{text}</c>, <c>{language}</c>, <c>{translation}</c>.</summary>
    public static ExampleTemplate Translate => Named("translate");

    /// <summary>An answer from a text: <c>{context}</c>, <c>{question}</c>, <c>{answer}</c>.</summary>
    public static ExampleTemplate AnswerQuestion => Named("answer-question");

    /// <summary>The wordings of one task.</summary>
    /// <param name="task"><c>summarisation</c>, <c>review-classification</c>, <c>entity-extraction</c>, <c>translation</c> or <c>question-answering</c>.</param>
    /// <param name="chat">True: those that make conversations; false: those with a prompt and a completion.</param>
    /// <returns>At least one template.</returns>
    /// <exception cref="ArgumentException">There is no such task.</exception>
    public static IReadOnlyList<ExampleTemplate> Of(string task, bool chat = false)
    {
        ExampleTemplate[] found = [.. All.Where(template => template.Task == task && template.Messages.Count > 0 == chat)];
        return found.Length > 0 ? found
            : throw new ArgumentException($"There is no task \"{task}\"; there are {string.Join(", ", All.Select(template => template.Task).Distinct())}.", nameof(task));
    }

    /// <summary>Reads templates from a file of your own; docs/data.md describes its form.</summary>
    /// <param name="path">A JSON file.</param>
    /// <returns>Its templates, in their order.</returns>
    /// <exception cref="DataException">The file cannot be used; the message names the template and the property.</exception>
    public static IReadOnlyList<ExampleTemplate> FromJson(string path)
    {
        using FileStream file = DataFile.OpenRaw(path);
        return TemplateFile.Read(path, file);
    }

    private static ExampleTemplate Named(string name) => All.Single(template => template.Name == name);

    private static List<ExampleTemplate> ReadEmbedded()
    {
        Assembly assembly = typeof(Templates).Assembly;
        const string folder = "LlmCourse.Data.Templates.";
        List<ExampleTemplate> templates = [];
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            templates.AddRange(TemplateFile.Read(name[folder.Length..], stream));
        }

        return templates;
    }
}
