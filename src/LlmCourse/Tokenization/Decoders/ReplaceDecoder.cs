using System.Text;
using LlmCourse.Tokenization.Patterns;

namespace LlmCourse.Tokenization.Decoders;

/// <summary>Replace: token by token.</summary>
internal sealed class ReplaceDecoder(Pattern pattern, string content) : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next, pattern, content);

    private sealed class Stage(DecoderStream next, Pattern pattern, string content) : TokenStage(next)
    {
        private readonly List<(int Start, int End)> _matches = [];

        protected override void Token(string token)
        {
            _matches.Clear();
            pattern.FindAll(token, _matches);
            if (_matches.Count == 0)
            {
                Next.Write(token, true);
                return;
            }

            StringBuilder result = new();
            int at = 0;
            foreach ((int start, int end) in _matches)
            {
                result.Append(token, at, start - at).Append(content);
                at = end;
            }

            Next.Write(result.Append(token, at, token.Length - at).ToString(), true);
        }
    }
}
