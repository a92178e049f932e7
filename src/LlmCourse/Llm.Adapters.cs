using LlmCourse.Adapters;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using static TorchSharp.torch;

namespace LlmCourse;

/// <content>Adapters.</content>
public sealed partial class Llm
{
    private readonly AdapterSet _adapters;
    private readonly ForwardContext _view;

    // null: this is the model itself, not a view of it.
    private readonly Adapter[]? _active;
    private readonly int? _rows;

    private Llm(Llm owner, Adapter[] active, ForwardContext view, int? rows)
    {
        Model = owner.Model;
        _pretrained = owner._pretrained;
        _files = owner._files;
        _chat = owner._chat;
        _toolChat = owner._toolChat;
        _adapters = owner._adapters;
        (_active, _view, _rows) = (active, view, rows);
        _generator = new TokenGenerator(Model, view, _files.Defaults, _files.AnswerTokenizer ?? _files.Tokenizer, _files.Tokenizer);
    }

    /// <summary>The adapters of this model: to add, load, save, combine and merge them.</summary>
    public AdapterSet Adapters => _adapters;

    /// <summary>
    /// The model as it is with an adapter: a view, made in microseconds, that shares everything with the model and never
    /// changes. It trains the adapter and nothing else. Views may generate at the same time on several threads; a view
    /// frees nothing, and does not work any more once the model is disposed.
    /// </summary>
    /// <param name="adapters">The names of one adapter, or of several whose changes add up; none for the plain base.</param>
    /// <exception cref="KeyNotFoundException">There is no such adapter.</exception>
    /// <exception cref="ArgumentException">The adapters cannot act together.</exception>
    public Llm With(params IReadOnlyList<string> adapters)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        Adapter[] active = [.. adapters.Select(Here)];
        return new Llm(this, active, AdapterView.Everywhere(active), null);
    }

    /// <summary>A view in which each row of a batch has its own adapter: <c>llm.WithRows("british", null).Generate([first, second])</c></summary>
    /// <param name="adapters">For each row the name of its adapter, or null for the plain base.</param>
    /// <exception cref="KeyNotFoundException">There is no such adapter.</exception>
    public Llm WithRows(params IReadOnlyList<string?> adapters)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        if (adapters.Count == 0)
            throw new ArgumentException("A batch has at least one row.", nameof(adapters));
        Adapter[][] rows = [.. adapters.Select(name => name is null ? [] : new[] { Here(name) })];
        return new Llm(this, [.. rows.SelectMany(row => row).Distinct()], AdapterView.OfRows(rows), rows.Length);
    }

    // Adapters stay where they were made.
    private Adapter Here(string name)
    {
        Adapter adapter = _adapters[name];
        Device? device = adapter.Parameters.Select(parameter => parameter.Value.device).FirstOrDefault();
        return device is null || device.Is(Model.Device) ? adapter
            : throw new InvalidOperationException($"The adapter '{name}' is on {device} and the model on {Model.Device}: save it, remove it and load it again.");
    }

    // Allocates: whether whoever trains lets an AdaLoRA choose its ranks.
    private IReadOnlyList<NamedParameter> Trained(bool allocates = false)
    {
        Adapter[] active = _active!;
        if (active.Length == 0)
            throw new InvalidOperationException("This view has no adapter, and its base is frozen: there is nothing to train. Train the model itself, or a view with an adapter.");
        if (Array.Find(active, adapter => adapter.IsMerged) is { } merged)
            throw new InvalidOperationException($"The adapter '{merged.Name}' is merged into the weights: unmerge it before training it.");
        Adapter[] allocated = Array.FindAll(active, adapter => adapter.Allocator is not null);
        if (allocated.Length > 0 && !allocates)
            throw new NotSupportedException($"The adapter '{allocated[0].Name}' is an AdaLoRA, whose ranks are chosen while training: {nameof(FineTune)} and loops of one's own do that, nothing else. Train a LoRA here.");
        if (allocated.Length > 1)
            throw new NotSupportedException($"The adapters {string.Join(", ", allocated.Select(adapter => $"'{adapter.Name}'"))} are AdaLoRAs: one at a time can be trained.");
        return active is [{ } only] ? only.Parameters
            : [.. active.SelectMany(adapter => adapter.Parameters.Select(parameter => parameter with { Name = $"{adapter.Name}/{parameter.Name}" }))];
    }

    // What training adds to the loss: how far an AdaLoRA is from the singular values it stands for. The caller owns it.
    private Tensor? Penalty()
    {
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        foreach (RankAllocator allocator in (_active ?? []).Where(adapter => !adapter.IsMerged).Select(adapter => adapter.Allocator).OfType<RankAllocator>())
        {
            if (allocator.Penalty() is { } penalty)
                sum = sum is null ? penalty : sum.Plus(penalty);
        }

        return sum?.MoveToOuterDisposeScope();
    }

    // For what arranges rows in batches of its own.
    private ForwardContext UniformView() => _rows is null ? _view
        : throw new InvalidOperationException("A view with an adapter for each row serves Generate and Loss, whose rows are the caller's: use With here.");

    private void RequireRows(int rows)
    {
        if (_rows is { } own && own != rows)
            throw new ArgumentException($"This view has adapters for {own} rows, and there are {rows}.");
    }

    private void RequireBase(string member, string instead)
    {
        if (_active is not null)
            throw new InvalidOperationException($"{member} is for the model itself, and this is a view with adapters: {instead}.");
    }
}
