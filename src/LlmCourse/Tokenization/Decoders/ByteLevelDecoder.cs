using System.Text;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Decoders;

/// <summary>ByteLevel: letters back to bytes, and those to one text; broken UTF-8 becomes U+FFFD, an unfinished character is held back.</summary>
internal sealed class ByteLevelDecoder : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next);

    private sealed class Stage(DecoderStream next) : TokenStage(next)
    {
        private readonly System.Text.Decoder _decoder = Encoding.UTF8.GetDecoder();
        private byte[] _bytes = new byte[64];
        private char[] _chars = new char[64];
        private bool _hasTokens;

        protected override void Token(string token)
        {
            _hasTokens = true;
            int size = Encoding.UTF8.GetMaxByteCount(token.Length);
            if (_bytes.Length < size)
                _bytes = new byte[size];
            int count = ToBytes(token);
            Write(_bytes.AsSpan(0, count), flush: false);
        }

        protected override void End()
        {
            Write([], flush: true);
            if (_hasTokens)
                Next.Write("", true);
        }

        /// <summary>The bytes a token's letters stand for, or its own UTF-8 where one of them stands for none.</summary>
        private int ToBytes(string token)
        {
            for (int i = 0; i < token.Length; i++)
            {
                int value = ByteLetters.Byte(token[i]);
                if (value < 0)
                    return Encoding.UTF8.GetBytes(token, _bytes);
                _bytes[i] = (byte)value;
            }

            return token.Length;
        }

        private void Write(ReadOnlySpan<byte> bytes, bool flush)
        {
            int size = Encoding.UTF8.GetMaxCharCount(bytes.Length + 4);
            if (_chars.Length < size)
                _chars = new char[size];
            int count = _decoder.GetChars(bytes, _chars, flush);
            if (count > 0)
                Next.Write(new string(_chars, 0, count), false);
        }
    }
}
