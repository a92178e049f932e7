using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Data;

/// <summary>
/// What one forward pass and its loss read: the input sequences, for an encoder–decoder also the decoder's, and the labels.
/// The batch owns its tensors.
/// </summary>
public sealed class Batch : IDisposable
{
    private long[]? _hostLabels;

    /// <summary>The label of positions that take no part in the loss.</summary>
    public const long Ignore = -100;

    /// <summary>Puts a batch together; it takes over the tensors.</summary>
    /// <param name="input">The encoder's input, or the only sequences where there is one stack.</param>
    /// <param name="decoder">The decoder's input (labels shifted right), or null.</param>
    /// <param name="labels">
    /// Language models: int64, one per position of the decoder or the only stack ([B, T], <see cref="Ignore"/> where none;
    /// decoder-only models compare position t with the prediction at t − 1). Sequence classification: int64 [B], float [B]
    /// or [B, 1] (regression), float [B, L] (multi-label).
    /// </param>
    public Batch(Sequences input, Sequences? decoder = null, Tensor? labels = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (decoder is not null && decoder.Count != input.Count)
            throw new ArgumentException($"The decoder has {decoder.Count} rows, the input {input.Count}.", nameof(decoder));
        Input = input;
        Decoder = decoder;
        Labels = labels;
    }

    /// <summary>The encoder's input, or the only sequences where there is one stack.</summary>
    public Sequences Input { get; }

    /// <summary>The decoder's input of an encoder–decoder, else null.</summary>
    public Sequences? Decoder { get; }

    /// <summary>The labels, or null.</summary>
    public Tensor? Labels { get; }

    /// <summary>Where each example of the batch is from, for messages; empty where nobody said.</summary>
    public IReadOnlyList<string> Sources { get; internal set; } = [];

    /// <summary>The labels of a language model on the host, row by row.</summary>
    internal long[] HostLabels => _hostLabels ??= ToHost(Labels ?? throw new InvalidOperationException("The batch has no labels."));

    /// <summary>
    /// An encoder–decoder batch from prompt and answer tokens: the decoder reads the answers shifted right behind
    /// <paramref name="decoderStartId"/>, labels are −100 at padding.
    /// </summary>
    public static Batch ForEncoderDecoder(
        IReadOnlyList<IReadOnlyList<int>> inputs, IReadOnlyList<IReadOnlyList<int>> answers,
        int decoderStartId, int padId, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(answers);
        if (inputs.Count != answers.Count)
            throw new ArgumentException($"There are {inputs.Count} inputs and {answers.Count} answers.", nameof(answers));
        if (answers.Any(answer => answer is not { Count: > 0 }))
            throw new ArgumentException("Every answer needs at least one token.", nameof(answers));
        IReadOnlyList<int>[] shifted = [.. answers.Select(answer => (IReadOnlyList<int>)[decoderStartId, .. answer.SkipLast(1)])];
        return new Batch(
            Sequences.FromRows(inputs, padId, device: device), Sequences.FromRows(shifted, padId, device: device),
            LabelTensor(answers, device));
    }

    /// <summary>
    /// A decoder-only batch from whole sequences (prompt and completion): every token of a completion is a label, prompts
    /// and padding are −100.
    /// </summary>
    /// <param name="rows">The tokens of each row.</param>
    /// <param name="promptLengths">How many tokens at the start of each row are prompt; null for none.</param>
    /// <param name="padId">The id written at padded positions.</param>
    /// <param name="device">Where the tensors live; null for the CPU.</param>
    public static Batch ForDecoder(
        IReadOnlyList<IReadOnlyList<int>> rows, IReadOnlyList<int>? promptLengths = null, int padId = 0, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (promptLengths is not null && promptLengths.Count != rows.Count)
            throw new ArgumentException($"There are {rows.Count} rows and {promptLengths.Count} prompt lengths.", nameof(promptLengths));
        if (promptLengths?.Any(length => length < 0) == true)
            throw new ArgumentException("A prompt's length must not be negative.", nameof(promptLengths));
        return new Batch(Sequences.FromRows(rows, padId, device: device), labels: LabelTensor(rows, device, promptLengths is null ? null : (r, t) => t >= promptLengths[r]));
    }

    /// <summary>
    /// A decoder-only batch whose rows are one or more sequences each, one behind the other, with a mark for every token that
    /// is a label.
    /// </summary>
    internal static Batch ForPackedDecoder(IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>> rows, IReadOnlyList<bool[]> isLabel, int padId, Device? device)
    {
        IReadOnlyList<int>[] joined = [.. rows.Select(row => row.Count == 1 ? row[0] : [.. row.SelectMany(part => part)])];
        Sequences input = rows.All(row => row.Count == 1) ? Sequences.FromRows(joined, padId, device: device) : Sequences.Packed(rows, padId, device);
        return new Batch(input, labels: LabelTensor(joined, device, (r, t) => isLabel[r][t]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Input.Dispose();
        Decoder?.Dispose();
        Labels?.Dispose();
    }

    private static long[] ToHost(Tensor labels)
    {
        using var scope = NewDisposeScope();
        return labels.to(ScalarType.Int64).cpu().contiguous().data<long>().ToArray();
    }

    private static Tensor LabelTensor(IReadOnlyList<IReadOnlyList<int>> rows, Device? device, Func<int, int, bool>? isLabel = null)
    {
        int width = rows.Max(row => row.Count);
        long[] flat = new long[rows.Count * width];
        Array.Fill(flat, Ignore);
        for (int r = 0; r < rows.Count; r++)
        {
            for (int t = 0; t < rows[r].Count; t++)
            {
                if (isLabel?.Invoke(r, t) != false)
                    flat[(r * width) + t] = rows[r][t];
            }
        }

        return tensor(flat, [rows.Count, width], ScalarType.Int64, device);
    }
}
