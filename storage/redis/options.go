package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// ErrOptions is wrapped by every error about Options and URLs.
var ErrOptions = errors.New("redis: bad options")

// Options say which server Open uses and how. The zero value is a server
// without a password on 127.0.0.1:6379.
type Options struct {
	// Addrs are host:port, or paths of unix sockets, which begin with "/". More
	// than one are nodes of a Cluster, or Sentinels where Master is set. None
	// means 127.0.0.1:6379.
	Addrs []string
	// Cluster says that a single address is a Cluster's.
	Cluster bool
	// Master is the name by which Sentinels know the master; Addrs are theirs.
	Master string

	// Username and Password are for the servers, SentinelUsername and
	// SentinelPassword for the Sentinels. They are never part of an error, of
	// Stats or of what Options print.
	Username, Password                 string
	SentinelUsername, SentinelPassword string
	// DB is the number of the database. A Cluster has only 0.
	DB int
	// TLS, if not nil, encrypts all connections, those to Sentinels too. An
	// empty ServerName means the host of each address.
	TLS *tls.Config

	// Prefix begins every key; "" means "winnow:", and nothing with Rspamd. It
	// may not have braces.
	Prefix string
	// Rspamd uses names as they are, without letters for the kinds, and
	// Rspamd's own layout for Tokens: the hash TABLE_ID of each token with the
	// fields S (spam) and H (ham), and the hash TABLE with learns_spam and
	// learns_ham. Buckets, lists, ranked sets and keys are Rspamd's then as
	// well, and names of different kinds must differ. The keys of a table are
	// in many slots, so this is an error with a Cluster.
	Rspamd bool
	// Lessons is how many lessons a table remembers for being moved and taken
	// back; 0 means storage.DefaultLessons.
	Lessons int

	// Acks is how many replicas must have a write before it is acknowledged; 0
	// means none. AcksTimeout is how long a write waits for them; 0 means 500 ms.
	Acks        int
	AcksTimeout time.Duration

	// Connect makes Open wait for the server, as long as its context allows, and
	// fail if it does not answer or refuses the password.
	Connect bool
	// Timeout is how long a call takes at most when its context allows more; 0
	// means 2 s. Calls that need several trips take it for each of them.
	Timeout time.Duration
	// DialTimeout bounds the making of a connection; 0 means 1 s.
	DialTimeout time.Duration
	// PoolSize is how many connections there may be to each server; 0 means 16.
	PoolSize int
}

// Defaults of Options.
const (
	defaultAddr        = "127.0.0.1:6379"
	defaultSentinel    = "127.0.0.1:26379"
	defaultPrefix      = "winnow:"
	defaultTimeout     = 2 * time.Second
	defaultDialTimeout = time.Second
	defaultAcksTimeout = 500 * time.Millisecond
	defaultPoolSize    = 16
)

// String describes the options without passwords.
func (o Options) String() string {
	kind := "server"
	switch {
	case o.Master != "":
		kind = "master " + o.Master + " of Sentinels"
	case o.cluster():
		kind = "Cluster"
	}
	return fmt.Sprintf("Redis %s %s, database %d", kind, strings.Join(o.Addrs, ","), o.DB)
}

// GoString is String, so that no format prints a password.
func (o Options) GoString() string { return o.String() }

func (o Options) cluster() bool { return o.Master == "" && (o.Cluster || len(o.Addrs) > 1) }

// Validate returns an error that wraps ErrOptions and names the field which
// can't be used.
func (o Options) Validate() error {
	bad := func(field, why string) error { return fmt.Errorf("%w: %s %s", ErrOptions, field, why) }
	for _, a := range o.Addrs {
		if err := checkAddr(a); err != nil {
			return bad("Addrs", err.Error())
		}
		if strings.HasPrefix(a, "/") && (len(o.Addrs) > 1 || o.Cluster) {
			return bad("Addrs", "has a unix socket, which is no node of a Cluster")
		}
	}
	switch {
	case o.Master != "" && o.Cluster:
		return bad("Cluster", "and Master exclude each other")
	case o.cluster() && o.DB != 0:
		return bad("DB", "is not 0: a Cluster has only that database")
	case o.cluster() && o.Rspamd:
		return bad("Rspamd", "can't be used with a Cluster, since its keys for one table are in many slots")
	case o.DB < 0:
		return bad("DB", "is below 0")
	case strings.ContainsAny(o.Prefix, "{}"):
		return bad("Prefix", "has braces, which would decide the slot in a Cluster")
	case len(o.Prefix) > storage.MaxKey:
		return bad("Prefix", "is too long")
	case o.Password == "" && o.Username != "":
		return bad("Username", "has no Password")
	case o.SentinelPassword == "" && o.SentinelUsername != "":
		return bad("SentinelUsername", "has no SentinelPassword")
	case o.Master == "" && o.SentinelPassword != "":
		return bad("SentinelPassword", "is set without Master")
	}
	for _, f := range []struct {
		name string
		n    int64
	}{
		{"Lessons", int64(o.Lessons)}, {"Acks", int64(o.Acks)}, {"AcksTimeout", int64(o.AcksTimeout)},
		{"Timeout", int64(o.Timeout)}, {"DialTimeout", int64(o.DialTimeout)}, {"PoolSize", int64(o.PoolSize)},
	} {
		if f.n < 0 {
			return bad(f.name, "is below 0")
		}
	}
	return nil
}

func checkAddr(a string) error {
	if strings.HasPrefix(a, "/") {
		return nil
	}
	host, port, err := net.SplitHostPort(a)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("has %q, which is neither host:port nor a path", a)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if len(o.Addrs) == 0 {
		o.Addrs = []string{defaultAddr}
		if o.Master != "" {
			o.Addrs = []string{defaultSentinel}
		}
	}
	if o.Prefix == "" && !o.Rspamd {
		o.Prefix = defaultPrefix
	}
	if o.Lessons == 0 {
		o.Lessons = storage.DefaultLessons
	}
	if o.PoolSize == 0 {
		o.PoolSize = defaultPoolSize
	}
	for d, otherwise := range map[*time.Duration]time.Duration{
		&o.AcksTimeout: defaultAcksTimeout, &o.Timeout: defaultTimeout, &o.DialTimeout: defaultDialTimeout,
	} {
		if *d == 0 {
			*d = otherwise
		}
	}
	return o
}
