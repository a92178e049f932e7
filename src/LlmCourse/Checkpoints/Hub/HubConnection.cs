using System.Net.Http.Headers;
using System.Reflection;

namespace LlmCourse.Checkpoints.Hub;

/// <summary>
/// Requests to the hub. Redirections are followed here, because the token goes to the hub's own address and to no other, and
/// because what the hub says about a file stands on its own answer, not on that of the host it points to.
/// </summary>
internal sealed class HubConnection : IDisposable
{
    private const int MaxHops = 8;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan UsualWaitLimit = TimeSpan.FromSeconds(30);

    private readonly HubSettings _settings;
    private readonly HttpClient _client;

    public HubConnection(HubSettings settings)
    {
        _settings = settings;
        SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = settings.Patience };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("LlmCourse", Assembly.GetExecutingAssembly().GetName().Version?.ToString(3)));
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>
    /// Tries something until it succeeds: with growing pauses, or as long as the server asks for. Attempts that got further than
    /// all before do not count.
    /// </summary>
    /// <param name="attempt">What is tried.</param>
    /// <param name="attempts">How often at most.</param>
    /// <param name="position">How far it is.</param>
    /// <param name="cancellationToken">Ends a pause as well.</param>
    public async Task<T> RetryAsync<T>(Func<Task<T>> attempt, int attempts, Func<long> position, CancellationToken cancellationToken)
    {
        long farthest = position();
        for (int failed = 1; ; failed++)
        {
            try
            {
                return await attempt().ConfigureAwait(false);
            }
            catch (HubException error) when (error.IsTransient && (position() > farthest || failed < attempts) && (error.RetryAfter ?? TimeSpan.Zero) <= LongestWait)
            {
                if (position() > farthest)
                    (failed, farthest) = (1, position());
                TimeSpan usual = FirstWait * Math.Pow(2, failed - 1);
                TimeSpan wait = error.RetryAfter ?? (usual < UsualWaitLimit ? usual : UsualWaitLimit);
                await Task.Delay(wait, _settings.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Asks, and gives the answer as soon as its headers are there.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="address">What is asked for.</param>
    /// <param name="from">The first byte that is wanted.</param>
    /// <param name="leavesHub">Whether a redirection to another host is followed, or is itself the answer.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, long from, bool leavesHub, CancellationToken cancellationToken)
    {
        for (int hop = 0; hop < MaxHops; hop++)
        {
            using HttpRequestMessage request = new(method, address);
            if (from > 0)
                request.Headers.Range = new RangeHeaderValue(from, null);
            if (_settings.Token is not null && IsHub(address))
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _settings.Token);
            HttpResponseMessage response = await WithPatience(
                token => _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), address, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                return response;
            Uri target = new(address, location);
            if (!leavesHub && !IsHub(target))
                return response;
            response.Dispose();
            if (target.Scheme is not ("https" or "http") || (address.Scheme == "https" && target.Scheme != "https"))
                throw new HubException($"The hub: {address.Authority} points to an address that is not safe to follow ({target.Scheme}://{target.Authority}).");
            address = target;
        }

        throw new HubException($"The hub: {_settings.Endpoint.Authority} answers with more than {MaxHops} redirections in a row.");
    }

    /// <summary>Reads what is there of an answer; 0 at its end.</summary>
    public Task<int> ReadAsync(Stream body, Memory<byte> buffer, Uri address, CancellationToken cancellationToken) =>
        WithPatience(token => body.ReadAsync(buffer, token).AsTask(), address, cancellationToken);

    public void Dispose() => _client.Dispose();

    // A failure of the network, or a silence longer than our patience, is a HubException that may be tried again.
    private async Task<T> WithPatience<T>(Func<CancellationToken, Task<T>> work, Uri address, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_settings.Patience);
        try
        {
            return await work(patience.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // whatever form the end of a request takes
            string what = error is OperationCanceledException ? $"{address.Authority} was silent for {_settings.Patience.TotalSeconds:0.#} seconds" : $"the connection to {address.Authority} failed: {error.Message}";
            throw new HubException($"The hub: {what}. Check the network (proxies: HTTPS_PROXY), or set HF_HUB_OFFLINE=1 to use only what the cache has.", error) { IsTransient = true };
        }
    }

    private bool IsHub(Uri address) =>
        address.Scheme == _settings.Endpoint.Scheme && address.Host == _settings.Endpoint.Host && address.Port == _settings.Endpoint.Port;
}
