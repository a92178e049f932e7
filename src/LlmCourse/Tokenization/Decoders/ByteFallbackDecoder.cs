using System.Globalization;
using System.Text;

namespace LlmCourse.Tokenization.Decoders;

/// <summary>
/// ByteFallback: a run of byte tokens becomes its text, or one U+FFFD a byte if any of it is broken. Whether it is, only the
/// end of the run tells, so that a run is held back until then.
/// </summary>
internal sealed class ByteFallbackDecoder : IDecoder
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public DecoderStream Open(DecoderStream next) => new Stage(next);

    private sealed class Stage(DecoderStream next) : TokenStage(next)
    {
        private readonly List<byte> _run = [];

        protected override void Token(string token)
        {
            if (TryReadByte(token, out byte value))
            {
                _run.Add(value);
                return;
            }

            End();
            Next.Write(token, true);
        }

        protected override void End()
        {
            if (_run.Count == 0)
                return;
            if (TryDecode() is string text)
            {
                Next.Write(text, true);
            }
            else
            {
                for (int i = 0; i < _run.Count; i++)
                    Next.Write("\uFFFD", true);
            }

            _run.Clear();
        }

        /// <summary>"&lt;0x41&gt;"; as in the reference, a plus sign may stand for the first digit.</summary>
        private static bool TryReadByte(string token, out byte value)
        {
            value = 0;
            if (token.Length != 6 || !token.StartsWith("<0x", StringComparison.Ordinal) || token[5] != '>')
                return false;
            ReadOnlySpan<char> digits = token[3] == '+' ? token.AsSpan(4, 1) : token.AsSpan(3, 2);
            return byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        }

        private string? TryDecode()
        {
            byte[] bytes = [.. _run];
            return System.Text.Unicode.Utf8.IsValid(bytes) ? Strict.GetString(bytes) : null;
        }
    }
}
