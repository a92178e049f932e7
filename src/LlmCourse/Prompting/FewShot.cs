using System.Collections;
using LlmCourse.Data;
using LlmCourse.Generation;

namespace LlmCourse.Prompting;

/// <summary>
/// In-context learning: a template, worked examples of it, and a question in the same form whose answer is left to the model.
/// <code>
/// var shots = new FewShot("Classify this review: {text}\nSentiment: {label}")
///     { ("I loved this movie!", "Positive"), ("I don't like this album!", "Negative") };
/// string prompt = shots.Ask("I don't like this song!");
/// </code>
/// </summary>
/// <remarks>
/// The last field of the template is the answer, and nothing follows it. Not thread-safe while examples are being added; safe
/// to ask from several threads afterwards.
/// </remarks>
public sealed class FewShot : IEnumerable<IReadOnlyList<string>>
{
    private readonly PromptTemplate _template;
    private readonly PromptTemplate _question;
    private readonly string _separator;
    private readonly string _instruction;
    private readonly List<string[]> _examples = [];

    /// <summary>Begins without examples: a zero-shot prompt.</summary>
    /// <param name="template">One example, with a field for each part; the last field is the answer.</param>
    /// <param name="separator">What stands between two examples, and before the question.</param>
    /// <param name="instruction">What stands before everything, its own line breaks included.</param>
    /// <exception cref="ArgumentException">The template does not end with a field for the answer.</exception>
    public FewShot(string template, string separator = "\n\n", string instruction = "")
    {
        ArgumentNullException.ThrowIfNull(separator);
        ArgumentNullException.ThrowIfNull(instruction);
        _template = new PromptTemplate(template);
        _question = _template.WithoutAnswer();
        _separator = separator;
        _instruction = instruction;
    }

    /// <summary>How many examples there are.</summary>
    public int Count => _examples.Count;

    /// <summary>Adds an example of a template with two fields.</summary>
    /// <param name="example">The question and its answer.</param>
    public void Add((string Question, string Answer) example) => Add(example.Question, example.Answer);

    /// <summary>Adds an example.</summary>
    /// <param name="values">A value for each field, in the order of the template.</param>
    /// <exception cref="ArgumentException">There are more or fewer values than fields.</exception>
    public void Add(params string[] values)
    {
        Require(values, _template, nameof(values));
        _examples.Add([.. values]);
    }

    /// <summary>A prompt with all examples, ready for the model to go on with the answer.</summary>
    /// <param name="question">A value for each field but the answer, in the order of the template.</param>
    /// <returns>The prompt. Blanks before the answer are left out: the model writes them, and a prompt that ends in one makes it stumble.</returns>
    /// <exception cref="ArgumentException">There are more or fewer values than fields.</exception>
    public string Ask(params string[] question) => Build(question).Text;

    /// <summary>A prompt with a choice of examples.</summary>
    /// <param name="question">A value for each field but the answer, in the order of the template.</param>
    /// <param name="options">Which examples, and how long the prompt may become; null takes all.</param>
    /// <returns>The prompt, how many examples are in it, and how many had to be dropped.</returns>
    /// <exception cref="ArgumentException">There are more or fewer values than fields, or an option is out of range.</exception>
    /// <exception cref="PromptTooLongException">Not even the question alone fits the budget.</exception>
    public FewShotPrompt Build(IReadOnlyList<string> question, FewShotOptions? options = null)
    {
        Require(question, _question, nameof(question));
        options ??= new FewShotOptions();
        int wanted = options.Count ?? _examples.Count;
        if (wanted < 0 || wanted > _examples.Count)
            throw new ArgumentOutOfRangeException(nameof(options), wanted, $"{nameof(options.Count)} must be between 0 and the {_examples.Count} examples there are.");
        if (options.TokenBudget is not null && options.CountTokens is null)
            throw new ArgumentException($"{nameof(options.TokenBudget)} needs {nameof(options.CountTokens)}.", nameof(options));

        List<string> examples = [.. Ordered(options.ShuffleSeed).Take(wanted).Select(values => Filled(_template, values))];
        string ending = Filled(_question, question).TrimEnd(' ', '\t');
        for (int shots = wanted; ; shots--)
        {
            string text = _instruction + string.Concat(examples.Take(shots).Select(example => example + _separator)) + ending;
            if (options.TokenBudget is not { } budget)
                return new FewShotPrompt(text, shots, 0);
            int tokens = options.CountTokens!(text);
            if (tokens <= budget)
                return new FewShotPrompt(text, shots, wanted - shots);
            if (shots == 0)
                throw new PromptTooLongException($"The prompt has {tokens} tokens without any example, and {nameof(options.TokenBudget)} is {budget}. Shorten the question or the instruction.");
        }
    }

    /// <summary>The examples, each with a value for every field.</summary>
    /// <returns>An enumerator over the examples as they were added.</returns>
    public IEnumerator<IReadOnlyList<string>> GetEnumerator() => _examples.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string Filled(PromptTemplate template, IReadOnlyList<string> values) =>
        template.Format([.. template.Fields.Zip(values)]);

    private static void Require(IReadOnlyList<string> values, PromptTemplate template, string parameter)
    {
        ArgumentNullException.ThrowIfNull(values, parameter);
        if (values.Count != template.Fields.Count)
        {
            throw new ArgumentException(
                $"{template.Fields.Count} values are needed ({string.Join(", ", template.Fields)}), {values.Count} are given.", parameter);
        }
    }

    private IEnumerable<string[]> Ordered(long? seed) =>
        seed is null ? _examples : EpochOrder.Of(seed.Value, epoch: 0, _examples.Count).Select(place => _examples[place]);
}
