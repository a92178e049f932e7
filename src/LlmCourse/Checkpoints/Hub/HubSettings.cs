namespace LlmCourse.Checkpoints.Hub;

/// <summary>Where models come from and where they are kept.</summary>
internal sealed record HubSettings
{
    private const string DefaultEndpoint = "https://huggingface.co";

    /// <summary>Where they are kept.</summary>
    public required HubCache Cache { get; init; }

    /// <summary>The server.</summary>
    public Uri Endpoint { get; init; } = new(DefaultEndpoint);

    /// <summary>What proves to the server who is asking. It is sent to <see cref="Endpoint"/> alone and stands in no message.</summary>
    public string? Token { get; init; }

    /// <summary>Whether nothing may be asked of the server.</summary>
    public bool IsOffline { get; init; }

    /// <summary>How often something is tried without any progress.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>How long the server may be silent.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock that waits between attempts.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether symbolic links may be tried.</summary>
    public bool Links { get; init; } = true;

    /// <summary>What HF_HUB_CACHE, HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH and HF_HUB_OFFLINE say.</summary>
    /// <exception cref="HubException">HF_ENDPOINT is no address, or the token cannot be one.</exception>
    public static HubSettings FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    /// <summary>The same, with the variables taken from <paramref name="variable"/>.</summary>
    public static HubSettings FromEnvironment(Func<string, string?> variable)
    {
        string address = variable("HF_ENDPOINT") is { Length: > 0 } named ? named : DefaultEndpoint;
        if (!Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("https" or "http") || endpoint.UserInfo.Length > 0)
            throw new HubException("HF_ENDPOINT is no address of a server (https://host).");
        return new HubSettings
        {
            Cache = HubCache.FromEnvironment(variable),
            Endpoint = endpoint,
            Token = ReadToken(variable),
            IsOffline = variable("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE",
        };
    }

    private static string? ReadToken(Func<string, string?> variable)
    {
        string source = "HF_TOKEN";
        string? token = variable(source);
        if (string.IsNullOrWhiteSpace(token))
        {
            source = HubCache.Place(variable, "HF_TOKEN_PATH") ?? Path.Combine(HubCache.Home(variable), "token");
            token = ReadFile(source);
        }

        if (string.IsNullOrWhiteSpace(token))
            return null;
        token = token.Trim();
        return token.Length <= 4096 && token.All(letter => letter is > ' ' and <= '~')
            ? token
            : throw new HubException($"{source} holds no token: a token is one word of ASCII characters.");
    }

    private static string? ReadFile(string path)
    {
        try
        {
            return File.Exists(path) && new FileInfo(path).Length <= 1 << 16 ? File.ReadAllText(path) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // somebody else's home
        }
    }
}
