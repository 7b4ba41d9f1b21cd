using Microsoft.Extensions.Logging;

namespace Backstop.Gateway;

/// <summary>What a gateway tells its operator. Prompts, answers and keys are never in it.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(1001, LogLevel.Information, "Serving {Alias} at epoch {Epoch}, generation {Generation}.")]
    public static partial void RouteApplied(ILogger logger, string alias, long epoch, long generation);

    [LoggerMessage(1002, LogLevel.Error, "The route file is not used: {Problem}. Waiting for control to send routes.")]
    public static partial void RouteFileRefused(ILogger logger, string problem);

    [LoggerMessage(1003, LogLevel.Error, "Refused a route of {Alias}: {Reason}.")]
    public static partial void RouteRefused(ILogger logger, string alias, string reason);

    [LoggerMessage(1004, LogLevel.Error, "The routes are served but could not be stored: {Problem}. Until they are, a restart without control begins with older ones. Free the disk.")]
    public static partial void RoutesNotStored(ILogger logger, string problem);

    [LoggerMessage(1005, LogLevel.Warning, "Replica {Replica} of {Release} missed its health check {Times} times in a row: others are asked until it answers.")]
    public static partial void ReplicaIll(ILogger logger, Uri replica, string release, int times);

    [LoggerMessage(1006, LogLevel.Information, "Replica {Replica} of {Release} answers its health check.")]
    public static partial void ReplicaWell(ILogger logger, Uri replica, string release);

    [LoggerMessage(1007, LogLevel.Warning, "Dropped {Release} at this gateway, by {Account}: {Reason}. It gets no new request until 'backstop gateway drop --undo'.")]
    public static partial void Dropped(ILogger logger, string release, string account, string reason);

    [LoggerMessage(1008, LogLevel.Warning, "{Release} is no longer dropped at this gateway.")]
    public static partial void DropUndone(ILogger logger, string release);

    [LoggerMessage(1009, LogLevel.Error, "The file of dropped releases is not used: {Problem} What was dropped before stays so.")]
    public static partial void DropFileRefused(ILogger logger, string problem);

    [LoggerMessage(1010, LogLevel.Information, "Draining: not ready from now on, still answering for {Delay}, then at most {Deadline} for what is under way.")]
    public static partial void Draining(ILogger logger, TimeSpan delay, TimeSpan deadline);

    [LoggerMessage(1011, LogLevel.Information, "{Count} keys may call models here; without one nobody may: {Required}.")]
    public static partial void KeysApplied(ILogger logger, int count, bool required);

    [LoggerMessage(1012, LogLevel.Error, "The file of keys is not used: {Problem}. Nobody may call until control says who may.")]
    public static partial void KeyFileRefused(ILogger logger, string problem);

    [LoggerMessage(1013, LogLevel.Error, "The keys count but could not be stored: {Problem}. Until they are, a restart without control begins with older ones. Free the disk.")]
    public static partial void KeysNotStored(ILogger logger, string problem);

    [LoggerMessage(1101, LogLevel.Information, "Connected to control at {Control}.")]
    public static partial void Connected(ILogger logger, Uri control);

    [LoggerMessage(1102, LogLevel.Warning, "Lost control at {Control}: {Reason}. Serving on; next try in {Delay}.")]
    public static partial void Disconnected(ILogger logger, Uri control, string reason, TimeSpan delay);

    [LoggerMessage(1103, LogLevel.Warning, "Dropped {Count} batches of signals: control acknowledged nothing for too long.")]
    public static partial void BatchesDropped(ILogger logger, long count);

    [LoggerMessage(1104, LogLevel.Error, "Unexpected error on the fleet stream. Serving on; next try in {Delay}.")]
    public static partial void FleetStreamFailed(ILogger logger, Exception error, TimeSpan delay);

    [LoggerMessage(1105, LogLevel.Warning, "Stopped with {Count} batches of signals that control did not acknowledge.")]
    public static partial void StoppedUnacknowledged(ILogger logger, int count);

    [LoggerMessage(1106, LogLevel.Information, "Control at {Control} can be reached: back to zone {Zone}.")]
    public static partial void GoesHome(ILogger logger, Uri control, string zone);

    [LoggerMessage(1201, LogLevel.Error, "Unexpected error in request {RequestId}.")]
    public static partial void Unexpected(ILogger logger, Exception error, string requestId);

    [LoggerMessage(1203, LogLevel.Error, "Unexpected error while taking feedback {RequestId}.")]
    public static partial void FeedbackFailed(ILogger logger, Exception error, string requestId);

    [LoggerMessage(1210, LogLevel.Information, "{RequestId} {Operation} {Alias} {Release} {Arm} {Status} {Error} {Milliseconds:0.0} ms {Trace}")]
    public static partial void Request(
        ILogger logger, string requestId, string operation, string alias, string release, string arm, int status, string error, double milliseconds, string trace);

    [LoggerMessage(1204, LogLevel.Warning, "A copy of a request to {Release} failed unexpectedly. No user noticed.")]
    public static partial void ShadowFailed(ILogger logger, Exception error, string release);

    [LoggerMessage(1206, LogLevel.Warning, "Replica {Replica} of {Release} failed request {RequestId}: {Reason}")]
    public static partial void ReplicaFailed(ILogger logger, Uri replica, string release, string requestId, string reason);

    [LoggerMessage(1202, LogLevel.Warning, "Release {Release} failed request {RequestId}: {Code}.")]
    public static partial void UpstreamFailed(ILogger logger, string release, string requestId, string code);

    [LoggerMessage(1208, LogLevel.Warning, "Trying the checks before the first request failed; requests are answered all the same.")]
    public static partial void WarmUpFailed(ILogger logger, Exception exception);
}
