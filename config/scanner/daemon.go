package scanner

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/exporter"
	"github.com/winnowmail/winnow/neural"
)

// A Daemon is what files say of a program around a Scanner. Zero fields say
// nothing.
type Daemon struct {
	// State is the URL of the Redis server, as package storage/redis takes it.
	State string
	// Stores are those of modules that have a server of their own, by the module's
	// name, which is that of its family (winnow.Options.Stores), history_redis or
	// neural. Classifier "bayes" stands for what is learned.
	Stores map[string]string
	DNS    DNS
	Maps   Maps
	// Controller is where the HTTP API listens, HOST:PORT; Milter is where MTAs
	// ask, HOST:PORT or unix:PATH.
	Controller string
	Milter     []Socket
	// Access says who may use the HTTP API.
	Access Access
	// ClientCA, DiscardOnReject and QuarantineOnReject are the milter's.
	ClientCA                            string
	DiscardOnReject, QuarantineOnReject bool
	History                             History
	// Autolearn is what is learned by itself: "", "action", or HAM,SPAM.
	Autolearn string
	LogLevel  *slog.Level
	// Classifier is that of the section classifier, where files of the operator's own
	// shape it; nil leaves what learns to the program.
	Classifier *Classifier
	// Neural are the nets that the section neural describes; nil: there are none. Its
	// Store and Symbols are the program's.
	Neural *neural.Options
	// Exports are what other services are told; its Publisher is the program's.
	Exports exporter.Options
}

// Access says who may use the HTTP API: it has the fields of controller.Access.
type Access struct {
	Password, EnablePassword string
	Trusted                  []netip.Prefix
	MaxFailures              int
	Window                   time.Duration
}

// A Socket is an address of the milter, with the mode and owner of a file.
type Socket struct{ Address, Mode, Owner string }

// History is what is kept of scans, in Redis.
type History struct {
	Rows  int    // 0: none is kept
	Key   string // of the list
	Plain bool   // rows are not compressed
	// Hash has the subject stand as a hash.
	Hash bool
}

// history is the table of history_redis, which counts where there is a Redis.
func (s *Setup) history() *option.Section {
	h := History{Rows: 200}
	compress := true
	prefix := "rs_history"
	return &option.Section{Name: "history_redis", Doc: "keeps a row of each scan in Redis", Keys: []option.Key{
		option.Int("nrows", &h.Rows, "how many rows are kept"),
		option.String("key_prefix", &prefix, "name of the list; {{HOSTNAME}} and {{COMPRESS}} stand for the host's name and for _zst"),
		option.Bool("compress", &compress, "compress rows"),
		option.Bool("subject_privacy", &h.Hash, "keep a hash of the subject only"),
		option.Fixed("subject_privacy_alg", "blake2", "the hash is BLAKE2b, as Rspamd's by default"),
		option.Fixed("subject_privacy_prefix", "obf", "the prefix is Rspamd's"),
		option.Fixed("subject_privacy_length", 16, "the length is Rspamd's"),
		option.Fixed("expand_keys", true, "keys are expanded"),
	}, Use: func() error {
		h.Plain, h.Key = !compress, prefix
		s.Daemon.History = h
		return nil
	}}
}

// neural is the table of neural, which counts where files of the operator's own say
// something of it or weigh its symbols: without weights nets change nothing.
func (s *Setup) neural() *option.Section {
	o := new(neural.Options)
	table := o.Section()
	use := table.Use
	table.Use = func() error {
		if s.tree == nil || ownPlace(s.tree.Root.Get("neural")) != nil || ownPlace(s.tree.Root.Get("group", "neural")) != nil {
			s.Daemon.Neural = o
		}
		return use()
	}
	return table
}

// HistoryKey is the name of the list for a host.
func (h History) HistoryKey(host string) string {
	end := "_zst"
	if h.Plain {
		end = ""
	}
	if !strings.Contains(h.Key, "{{") {
		return h.Key + host + end
	}
	return strings.NewReplacer("{{HOSTNAME}}", host, "{{COMPRESS}}", end).Replace(h.Key)
}

// logging is the table of logging.
func (s *Setup) logging() *option.Section {
	levels := map[string]*slog.Level{}
	for word, level := range map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "notice": slog.LevelInfo, "silent": slog.LevelInfo,
		"warning": slog.LevelWarn, "error": slog.LevelError, "critical": slog.LevelError,
	} {
		levels[word] = &level
	}
	return &option.Section{Name: "logging", Doc: "says what is told", Keys: append([]option.Key{
		option.Enum("level", &s.Daemon.LogLevel, levels, "the least that is told; silent tells each message's line, as docker-mailserver expects"),
		option.Fixed("type", "console", "the log goes to standard error"),
		option.Fixed("color", false, "lines have no colours"),
		option.Fixed("systemd", false, "lines have the time"),
		option.Fixed("log_usec", false, "times are whole seconds"),
	}, option.Without("the log goes to standard error", "filename", "facility", "log_buffered", "log_buffer", "log_severity", "log_json",
		"log_urls", "log_re_cache", "log_format", "debug_modules", "debug_ip", "max_log_tag", "error_elts", "error_maxlen", "log_errors")...)}
}

// named are the sections `name "x" { }` of one name.
func (s *Setup) named(name, which string) (list []*ucl.Value) {
	for _, part := range s.tree.Root.Get(name).AsList() {
		for _, m := range part.Members() {
			if m.Key == which {
				list = append(list, m.Values...)
			}
		}
	}
	return list
}

// exports says what is wrong with the rules of metadata_exporter, whose Redis is
// the program's.
func (s *Setup) exports() error {
	o := s.Daemon.Exports
	if o.Publisher == nil {
		o.Publisher = nobody{}
	}
	_, err := exporter.New(o)
	return err
}

// nobody takes messages of a channel that nobody reads.
type nobody struct{}

// Publish implements exporter.Publisher.
func (nobody) Publish(context.Context, string, []byte) error { return nil }
