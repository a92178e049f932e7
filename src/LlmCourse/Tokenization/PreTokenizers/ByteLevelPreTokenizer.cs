using LlmCourse.Tokenization.Normalizers;
using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>ByteLevel: GPT-2's splitting, and letters for bytes.</summary>
internal sealed class ByteLevelPreTokenizer(bool addsBlank, bool splits) : IPreTokenizer
{
    private readonly BlankAdder _blankAdder = new();
    private readonly Gpt2Splitter _splitter = new();
    private readonly ByteWriter _byteWriter = new();

    public bool NeedsPlaces => false;

    public void Apply(PieceList pieces)
    {
        if (addsBlank)
            pieces.Rewrite(_blankAdder);
        if (splits)
            pieces.Split(_splitter);
        pieces.Rewrite(_byteWriter);
    }

    private sealed class BlankAdder : IRewriter
    {
        public void Rewrite(Piece piece, AlignedWriter writer)
        {
            if (piece.Span[0] != ' ')
                writer.PutBeforeNext(" ");
            writer.KeepRest();
        }
    }

    private sealed class ByteWriter : IRewriter
    {
        public void Rewrite(Piece piece, AlignedWriter writer)
        {
            ReadOnlySpan<char> text = piece.Span;
            for (int i = 0; i < text.Length;)
            {
                int codePoint = CodePoints.At(text, i);
                if (codePoint < 0x80)
                    writer.Put(ByteLetters.Letter((byte)codePoint), 0);
                else
                    ByteLevelNormalizer.WriteBytes(codePoint, writer);
                i += CodePoints.Width(codePoint);
            }
        }
    }
}
