using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LlmCourse.Checkpoints.Hub;

/// <summary>
/// The check of a file against its ETag while it arrives: SHA-256 where this has 64 digits, and where it has 40 the SHA-1 of a git
/// blob, that is of "blob", a blank, the size, a zero byte and the content. Other tags say nothing about the content.
/// </summary>
internal sealed class HubHash : IDisposable
{
    private readonly string _expected;
    private readonly IncrementalHash? _hash;
    private readonly byte[] _prefix = [];

    public HubHash(HubFile file)
    {
        _expected = file.ETag;
        if (!_expected.All(char.IsAsciiHexDigitLower))
            return;
        if (_expected.Length == 2 * SHA256.HashSizeInBytes)
        {
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }
        else if (_expected.Length == 2 * SHA1.HashSizeInBytes)
        {
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
            _prefix = Encoding.ASCII.GetBytes($"blob {file.Bytes.ToString(CultureInfo.InvariantCulture)}\0");
        }

        _hash?.AppendData(_prefix);
    }

    /// <summary>From the beginning again.</summary>
    public void Restart()
    {
        _hash?.TryGetHashAndReset(stackalloc byte[SHA256.HashSizeInBytes], out _);
        _hash?.AppendData(_prefix);
    }

    public void Append(ReadOnlySpan<byte> content) => _hash?.AppendData(content);

    /// <summary>What the content hashes to, where that is something else than the tag says.</summary>
    public string? Mismatch()
    {
        string? found = _hash is null ? null : Convert.ToHexStringLower(_hash.GetHashAndReset());
        return found == _expected ? null : found;
    }

    public void Dispose() => _hash?.Dispose();
}
