// Package redis keeps winnow's state in Redis or Valkey, where several machines
// share it: in one server, in one that Sentinel watches over, or in a Cluster.
//
// # Servers
//
// Redis 5 and later and every Valkey work; the package speaks RESP2 and sends
// nothing that these do not know. Parse reads the options of a URL, Open makes
// the Store. Open does not wait for the server unless Options.Connect says so:
// a mail server may start before its Redis.
//
// # What is promised
//
// With "appendonly yes" and "appendfsync always" Redis loses nothing that was
// acknowledged when it is killed and started again; with "appendfsync everysec",
// which is the default, nothing when the process dies and up to a second when
// the machine does. A maxmemory-policy other than noeviction, appendonly no, and
// a server that does not let this be asked are warnings in Stats.
//
// Redis answers before its replicas have the write, so a failover loses the
// writes of the last moments. Stats warns after one. With Options.Acks a write
// is acknowledged only when that many replicas have it; if they do not in time
// the call ends in a NotReplicatedError, although the write was done.
//
// # A server that is down
//
// A call ends when its context does, and after Options.Timeout at the latest. It
// makes at most three attempts. What certainly did not happen (the connection
// could not be made, the server is loading, it is a replica now) is tried again.
// What may have happened is tried again only where that changes nothing: reads,
// Set, Delete, Forget, Append with an id, Learn, Rank; not Increment, Add,
// CompareAndSwap, Take, TakeAll, Tune, Settle, Push, TrimLog and Append without an id.
//
// After three failures in a row to reach a server its circuit opens: calls end at
// once with an error that wraps storage.ErrUnavailable, and one goroutine asks
// that server every now and then until it answers. In a Cluster each master
// has a circuit of its own. A server that answers with an error, as one without
// memory left does (storage.ErrFull), is not down. An error that wraps
// ErrUnavailable says that nothing was done.
//
// # Keys
//
// All keys begin with Options.Prefix, "winnow:" by default. Then follow a letter
// for the kind and the name. Tables and logs have their names in braces, so that
// a Cluster keeps all keys of one in one slot:
//
//	k:NAME         string    KV
//	b:NAME         hash      Buckets: l, b, p, dr and db as Rspamd 4.1.6 has them, f when it last had no room, n its label
//	t:{TABLE}:l    hash      Tokens: class -> lessons
//	t:{TABLE}:n:C  hash      8 bytes of the token -> count in class C
//	t:{TABLE}:m    hash      message -> class, weight and tokens of its lesson
//	t:{TABLE}:o    zset      messages in the order of learning
//	t:{TABLE}:s    number    of the latest lesson
//	l:{LOG}:e      stream    Log: entry SEQ-MILLISECONDS with d, the data, and i, the id
//	l:{LOG}:i      hash      id -> number
//	l:{LOG}:s      hash      next number, bytes
//	r:NAME         list      Recent
//	z:NAME         zset      Ranked
//	a:NAME         hash      Averages: l, n and v with the name of a window, as Rspamd 4.1.6 has them
//
// A lesson that can be moved and taken back keeps 8 bytes for each of its tokens,
// up to Options.Lessons in each table.
//
// With Options.Rspamd names stand for themselves and tables are in Rspamd's own
// layout, so that both can work on one server and with one another's data; so is
// learned_ids, what Rspamd notes of lessons (storage.Lesson.Aliases).
//
// Keys are read and written by short scripts. They are called by their hash and
// sent anew where a server does not know them, as after a failover.
package redis
