using System.Net;

namespace LlmCourse.Checkpoints.Hub;

/// <summary>What an answer other than a success means, and what can be done about it.</summary>
internal static class HubErrors
{
    private const int ShownLength = 300;

    public static HubException Of(HttpResponseMessage response, HubId id, string? file, HubSettings settings)
    {
        string code = Header(response, "X-Error-Code"), said = Header(response, "X-Error-Message");
        Uri asked = response.RequestMessage?.RequestUri ?? settings.Endpoint;
        bool elsewhere = asked.Authority != settings.Endpoint.Authority; // the hub has sent us there with a signature of its own
        string server = asked.Authority;
        string page = new Uri(settings.Endpoint, id.Name).AbsoluteUri;
        string who = settings.Token is null
            ? "set HF_TOKEN to a token of an account that has access"
            : "the token in use (HF_TOKEN, or the file 'token' in HF_HOME) does not give access";
        int status = (int)response.StatusCode;
        string problem = (code, status) switch
        {
            (_, < 500 and not 429) when elsewhere => $"{server}, to which {settings.Endpoint.Authority} points for '{file}', answers with {status}. Try again later.",
            ("GatedRepo", _) => $"access to '{id.Name}' is given on conditions only: accept them at {page} and {(settings.Token is null ? "set HF_TOKEN to a token of that account" : "use a token of that account in HF_TOKEN")}.",
            ("RepoNotFound", _) or (_, 401) => $"there is no model '{id.Name}' on {server}, or it is not open to everybody; and no folder of that name is here. Check the name; if it is right, {who}.",
            ("RevisionNotFound", _) => $"'{id.Name}' has no revision '{id.Revision}'. See {page} for its branches and tags.",
            ("EntryNotFound", _) => $"'{id.Name}' has no file '{file}' at revision '{id.Revision}'.",
            (_, 403) => $"{server} refuses access to '{id.Name}': {who}.",
            (_, 404) => $"{server} does not know {(file is null ? $"'{id.Name}' at revision '{id.Revision}'" : $"the file '{file}' of '{id.Name}'")}.",
            (_, 429) => $"{server} answers no more requests for now (429). Wait some minutes{(settings.Token is null ? ", or set HF_TOKEN: known users may ask more often" : "")}.",
            (_, >= 500) => $"{server} is not able to answer ({status}). Try again later.",
            _ => $"{server} answers '{id.Name}'{(file is null ? "" : $", file '{file}',")} with {status}.",
        };
        return new HubException(said.Length == 0 ? $"The hub: {problem}" : $"The hub: {problem} (It says: {said})")
        {
            Status = response.StatusCode,
            IsTransient = status is 408 or 429 or 500 or 502 or 503 or 504 || (elsewhere && (status is 401 or 403)), // signatures end
            RetryAfter = RetryAfter(response, settings.Time),
        };
    }

    /// <summary>Whether the server says that the file does not exist, though the revision does.</summary>
    public static bool IsMissingEntry(HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.NotFound && Header(response, "X-Error-Code") == "EntryNotFound";

    /// <summary>A header's value; printable, short, and empty where there is none.</summary>
    public static string Header(HttpResponseMessage response, string name)
    {
        if (!response.Headers.TryGetValues(name, out IEnumerable<string>? values) && !response.Content.Headers.TryGetValues(name, out values))
            return "";
        string text = string.Concat(values.First().Where(letter => !char.IsControl(letter)));
        return text.Length <= ShownLength ? text : text[..ShownLength] + "…";
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time) => response.Headers.RetryAfter switch
    {
        { Delta: TimeSpan delta } => delta,
        { Date: DateTimeOffset date } => date - time.GetUtcNow() is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };
}
