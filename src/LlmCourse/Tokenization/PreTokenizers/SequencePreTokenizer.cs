using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>Sequence: one after the other.</summary>
internal sealed class SequencePreTokenizer(IPreTokenizer[] steps) : IPreTokenizer
{
    public bool NeedsPlaces => steps.Any(step => step is MetaspacePreTokenizer or SequencePreTokenizer { NeedsPlaces: true });

    public void Apply(PieceList pieces)
    {
        foreach (IPreTokenizer step in steps)
            step.Apply(pieces);
    }
}
