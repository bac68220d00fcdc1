package redis

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"iter"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/internal/nearest"
)

// Parse reads Options of a URL:
//
//	redis://user:password@host:port/db           one server; rediss:// with TLS
//	redis://host1:port,host2:port                 a Cluster
//	redis+sentinel://user:password@s1,s2/name/db  a master that Sentinels know
//	unix://user:password@/path/to/socket?db=1
//
// User, password, port and db may be left out; special characters of the
// password are percent-encoded. redis+unix is unix, rediss+sentinel has TLS.
// The parameters are those of Options: db, prefix, rspamd, cluster, lessons, acks,
// acks_timeout, connect, timeout, dial_timeout, pool_size, sentinel_username and
// sentinel_password; with TLS also ca, cert and key (names of PEM files) and
// server_name. Errors wrap ErrOptions and have no part of the URL that can be a
// password.
func Parse(text string) (Options, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return Options{}, fmt.Errorf("%w: the URL has no scheme such as redis://", ErrOptions)
	}
	rest, query, _ := strings.Cut(rest, "?")
	var o Options
	user := ""
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, rest = rest[:at], rest[at+1:]
	}
	var err error
	if o.Username, o.Password, err = parseUser(user); err != nil {
		return Options{}, err
	}
	if err := o.parseWhere(scheme, rest); err != nil {
		return Options{}, err
	}
	if err := o.parseQuery(query); err != nil {
		return Options{}, err
	}
	if err := o.Validate(); err != nil {
		return Options{}, err
	}
	return o, nil
}

func parseUser(text string) (user, password string, err error) {
	user, password, _ = strings.Cut(text, ":")
	u, err1 := url.PathUnescape(user)
	p, err2 := url.PathUnescape(password)
	if err1 != nil || err2 != nil {
		return "", "", fmt.Errorf("%w: the URL's user or password is not percent-encoded", ErrOptions)
	}
	return u, p, nil
}

// parseWhere reads what is behind the user: addresses and a path.
func (o *Options) parseWhere(scheme, rest string) error {
	// An unescaped slash or question mark of a password would stand here, so
	// nothing of it is put into an error.
	hosts, path, _ := strings.Cut(rest, "/")
	port := "6379"
	var db string
	switch scheme {
	case "redis", "rediss":
		db = path
	case "redis+sentinel", "rediss+sentinel":
		port = "26379"
		name, number, _ := strings.Cut(path, "/")
		master, err := url.PathUnescape(name)
		if err != nil || master == "" {
			return fmt.Errorf("%w: the URL names no master: %s://host/name", ErrOptions, scheme)
		}
		o.Master, db = master, number
	case "unix", "redis+unix":
		socket, err := url.PathUnescape("/" + path)
		if err != nil || hosts != "" || path == "" {
			return fmt.Errorf("%w: the URL has no path of a socket: unix:///path", ErrOptions)
		}
		o.Addrs = []string{socket}
		return nil
	default:
		return fmt.Errorf("%w: the URL's scheme is none of redis, rediss, redis+sentinel, rediss+sentinel, unix, redis+unix", ErrOptions)
	}
	if strings.HasPrefix(scheme, "rediss") {
		o.TLS = &tls.Config{}
	}
	if err := o.parseDB(strings.TrimSuffix(db, "/")); err != nil {
		return err
	}
	for host := range strings.SplitSeq(hosts, ",") {
		addr, err := withPort(host, port)
		if err != nil {
			return err
		}
		o.Addrs = append(o.Addrs, addr)
	}
	return nil
}

func (o *Options) parseDB(text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%w: the URL's database is not a number", ErrOptions)
	}
	o.DB = n
	return nil
}

// withPort adds a port to a host of a URL that has none.
func withPort(host, port string) (string, error) {
	name, digits, err := net.SplitHostPort(host)
	if err != nil {
		name, digits = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), port
		if strings.Contains(name, ":") && !strings.HasPrefix(host, "[") {
			name = ""
		}
	}
	if _, err := strconv.ParseUint(digits, 10, 16); err != nil || name == "" || strings.ContainsAny(name, "[]@ %") {
		return "", fmt.Errorf("%w: the URL's addresses are not host:port with commas between (are special characters of the password percent-encoded?)", ErrOptions)
	}
	return net.JoinHostPort(name, digits), nil
}

// A parameter of a URL sets a field from its text.
type parameter struct {
	name string
	set  func(o *Options, text string) error
}

func parameters() []parameter {
	return []parameter{
		{"acks", number(func(o *Options) *int { return &o.Acks })},
		{"acks_timeout", duration(func(o *Options) *time.Duration { return &o.AcksTimeout })},
		{"ca", func(o *Options, file string) error { return o.trust(file) }},
		{"cert", nil}, // with key
		{"cluster", truth(func(o *Options) *bool { return &o.Cluster })},
		{"connect", truth(func(o *Options) *bool { return &o.Connect })},
		{"db", number(func(o *Options) *int { return &o.DB })},
		{"dial_timeout", duration(func(o *Options) *time.Duration { return &o.DialTimeout })},
		{"key", nil},
		{"lessons", number(func(o *Options) *int { return &o.Lessons })},
		{"pool_size", number(func(o *Options) *int { return &o.PoolSize })},
		{"prefix", words(func(o *Options) *string { return &o.Prefix })},
		{"rspamd", truth(func(o *Options) *bool { return &o.Rspamd })},
		{"sentinel_password", words(func(o *Options) *string { return &o.SentinelPassword })},
		{"sentinel_username", words(func(o *Options) *string { return &o.SentinelUsername })},
		{"server_name", words(func(o *Options) *string { return &o.TLS.ServerName })},
		{"timeout", duration(func(o *Options) *time.Duration { return &o.Timeout })},
	}
}

func words(field func(*Options) *string) func(*Options, string) error {
	return func(o *Options, text string) error { *field(o) = text; return nil }
}

func number(field func(*Options) *int) func(*Options, string) error {
	return func(o *Options, text string) (err error) {
		if *field(o), err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("is not a number")
		}
		return nil
	}
}

func truth(field func(*Options) *bool) func(*Options, string) error {
	return func(o *Options, text string) (err error) {
		if *field(o), err = strconv.ParseBool(text); err != nil {
			return fmt.Errorf("is neither true nor false")
		}
		return nil
	}
}

func duration(field func(*Options) *time.Duration) func(*Options, string) error {
	return func(o *Options, text string) (err error) {
		if *field(o), err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("is not a duration such as 500ms")
		}
		return nil
	}
}

func (o *Options) parseQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%w: the URL's parameters are not percent-encoded", ErrOptions)
	}
	all := parameters()
	for name, texts := range values {
		i := slices.IndexFunc(all, func(p parameter) bool { return p.name == name })
		switch {
		case i < 0:
			return fmt.Errorf("%w: the URL has the unknown parameter %q%s", ErrOptions, name, nearest.Hint(name, names(all)))
		case len(texts) > 1:
			return fmt.Errorf("%w: the URL has the parameter %s twice", ErrOptions, name)
		case o.TLS == nil && slices.Contains([]string{"ca", "cert", "key", "server_name"}, name):
			return fmt.Errorf("%w: the URL's parameter %s needs TLS (rediss://)", ErrOptions, name)
		case all[i].set == nil:
			continue
		}
		if err := all[i].set(o, texts[0]); err != nil {
			return fmt.Errorf("%w: the URL's parameter %s %w", ErrOptions, name, err)
		}
	}
	return o.identify(values.Get("cert"), values.Get("key"))
}

// trust makes the certificates of a file the only ones that sign servers'.
func (o *Options) trust(file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	o.TLS.RootCAs = x509.NewCertPool()
	if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("has no certificate in %s", file)
	}
	return nil
}

// identify shows servers a certificate.
func (o *Options) identify(cert, key string) error {
	switch {
	case cert == "" && key == "":
		return nil
	case cert == "" || key == "":
		return fmt.Errorf("%w: the URL has only one of the parameters cert and key", ErrOptions)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%w: the URL's parameters cert and key: %w", ErrOptions, err)
	}
	o.TLS.Certificates = []tls.Certificate{pair}
	return nil
}

func names(all []parameter) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range all {
			if !yield(p.name) {
				return
			}
		}
	}
}
