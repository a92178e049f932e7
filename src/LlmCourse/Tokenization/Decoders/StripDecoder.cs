using System.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Decoders;

/// <summary>Strip: takes up to so many of a character off the beginning and the end of each token.</summary>
internal sealed class StripDecoder(int content, int start, int stop) : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next, CodePoints.ToText(content), start, stop);

    private sealed class Stage(DecoderStream next, string content, int start, int stop) : DecoderStream
    {
        private int _taken;
        private int _held;

        public override void Write(string text, bool endsToken)
        {
            StringBuilder kept = new(text.Length);
            for (int i = 0; i < text.Length;)
            {
                int codePoint = CodePoints.At(text, i), width = CodePoints.Width(codePoint);
                bool isContent = string.CompareOrdinal(text, i, content, 0, content.Length) == 0;
                if (isContent && _taken < start)
                {
                    _taken++;
                }
                else if (isContent && stop > 0)
                {
                    _taken = start;
                    _held++;
                }
                else
                {
                    _taken = start;
                    Release(kept, _held);
                    kept.Append(text, i, width);
                }

                i += width;
            }

            if (endsToken)
            {
                Release(kept, Math.Max(0, _held - stop));
                _taken = 0;
            }

            if (kept.Length > 0 || endsToken)
                next.Write(kept.ToString(), endsToken);
        }

        public override void Flush() => next.Flush();

        private void Release(StringBuilder kept, int count)
        {
            for (int i = 0; i < count; i++)
                kept.Append(content);
            _held = 0;
        }
    }
}
