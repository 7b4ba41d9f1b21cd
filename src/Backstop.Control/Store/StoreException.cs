namespace Backstop.Control.Store;

/// <summary>The store cannot be used now; the message says why and what to do. Nothing was acknowledged.</summary>
[GenerateSerializer]
public sealed class StoreException(string message, Exception? cause = null) : Exception(message, cause);
