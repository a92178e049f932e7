namespace LlmCourse.Generation;

/// <summary>
/// Rules about single tokens, under the names they have in transformers. What is unset follows the model's generation_config.json; an empty list, or the
/// number that is called off, overrides it.
/// </summary>
public sealed record TokenRules
{
    /// <summary>Sequences of tokens that must not be completed. One that is nothing but an end of sequence is passed over, as in transformers.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? BadWordsIds { get; init; }

    /// <summary>Numbers that are added to the scores of tokens which would complete a sequence.</summary>
    public IReadOnlyList<SequenceBias>? SequenceBias { get; init; }

    /// <summary>Tokens that are never generated.</summary>
    public IReadOnlyList<int>? SuppressTokens { get; init; }

    /// <summary>Tokens that do not come first; behind <see cref="GenerationOptions.ForcedBosTokenId"/>, not second.</summary>
    public IReadOnlyList<int>? BeginSuppressTokens { get; init; }

    /// <summary>
    /// Above 1, tokens of the prompt become likelier (for an encoder–decoder, of what the encoder has read): positive scores are multiplied
    /// by it, negative ones divided. 1 is off.
    /// </summary>
    public double? EncoderRepetitionPenalty { get; init; }

    /// <summary>No n tokens in a row that stand in the prompt (of an encoder–decoder, in what the encoder has read). 0 is off.</summary>
    public int? EncoderNoRepeatNGramSize { get; init; }

    /// <summary>Makes the end of sequence likelier the longer the answer is.</summary>
    public ExponentialDecay? ExponentialDecayLengthPenalty { get; init; }

    /// <summary>Scores that are not a number become 0, infinite ones the largest or smallest number there is, instead of an error. Default false.</summary>
    public bool? RemoveInvalidValues { get; init; }

    /// <summary>
    /// Scores become log-probabilities again behind all rules and warpers. A choice among one row's tokens is the same with or without; beams, which
    /// add scores up, are not. Default false.
    /// </summary>
    public bool? RenormalizeLogits { get; init; }
}
