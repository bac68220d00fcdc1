package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// rspamd is the program of that name with its statistics in a redis-server and
// nothing else: default settings, but for min_learns, so that it judges from the
// first lesson of each class on.
type rspamd struct {
	external
	redis, scan, control string // host:port
	suffixes             string // a file of top-level domains, "" for its own
}

func (*rspamd) name() string { return "rspamd" }

var rspamdConfig = template.Must(template.New("").Parse(`
options {
  filters = "";
  pidfile = "{{.Dir}}/pid"; tempdir = "{{.Dir}}"; cache_file = "{{.Dir}}/symbols"; hs_cache_dir = "{{.Dir}}/";
  control_socket = "{{.Dir}}/control mode=0600"; rrd = ""; stats_file = "{{.Dir}}/stats";
  url_tld = "{{or .Suffixes "${SHAREDIR}/effective_tld_names.dat"}}";
  classify_headers = ["User-Agent", "X-Mailer", "Content-Type", "X-MimeOLE"];
  words_decay = 600; allow_raw_input = true; task_timeout = 60s; history_rows = 1;
  dns { nameserver = ["127.0.0.1:9"]; timeout = 100ms; retransmits = 1; }
}
logging { type = "file"; filename = "{{.Dir}}/log"; level = "error"; }
metric {
  name = "default";
  actions { reject = 1000; add_header = 999; greylist = 998; }
  symbol "BAYES_SPAM" { weight = 1.0; }
  symbol "BAYES_HAM" { weight = -1.0; }
}
worker "normal" { bind_socket = "{{.Scan}}"; count = 1; mime = true; }
worker "controller" { bind_socket = "{{.Control}}"; count = 1; password = "lab"; secure_ip = "127.0.0.1"; }
classifier "bayes" {
  tokenizer { name = "osb"; }
  cache { }
  new_schema = true; backend = "redis"; servers = "{{.Redis}}";
  min_tokens = 11; min_learns = 1;
  statfile { symbol = "BAYES_HAM"; spam = false; }
  statfile { symbol = "BAYES_SPAM"; spam = true; }
  learn_condition = 'return require("lua_bayes_learn").can_learn';
}
`))

// fresh starts the programs, or empties the Redis of those that run.
func (r *rspamd) fresh() (model, error) {
	if r.dir != "" {
		_, err := redisCall(r.redis, "FLUSHALL")
		return &rspamdModel{rspamd: r}, err
	}
	if err := r.makeDir(); err != nil {
		return nil, err
	}
	for _, addr := range []*string{&r.redis, &r.scan, &r.control} {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		*addr = "127.0.0.1:" + port
	}
	var config bytes.Buffer
	err := rspamdConfig.Execute(&config, map[string]string{"Dir": r.dir, "Redis": r.redis, "Scan": r.scan, "Control": r.control, "Suffixes": r.suffixes})
	if err != nil {
		return nil, err
	}
	name := filepath.Join(r.dir, "rspamd.conf")
	if err := os.WriteFile(name, config.Bytes(), 0o600); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(r.redis)
	if err := r.start("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"); err != nil {
		return nil, err
	}
	if err := r.start("rspamd", "-f", "-i", "-c", name); err != nil { // It takes seconds to read its list of top-level domains.
		return nil, err
	}
	err = r.await("redis-server", func(context.Context) error {
		_, err := redisCall(r.redis, "PING")
		return err
	})
	for _, addr := range []string{r.control, r.scan} {
		if err == nil {
			err = r.await("rspamd", func(ctx context.Context) error {
				_, err := post(ctx, "http://"+addr+"/ping", nil)
				return err
			})
		}
	}
	return &rspamdModel{rspamd: r}, err
}

type rspamdModel struct {
	*rspamd
	last int
}

// post sends a message and returns the answer, whatever its status: refusals
// have one of their own.
func post(ctx context.Context, url string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	a, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	return io.ReadAll(io.LimitReader(a.Body, 1<<24))
}

// classify undoes the curve that makes a symbol's score of the probability, since
// the symbol's option has but two digits.
func (m *rspamdModel) classify(f any) (logOdds, p float64, err error) {
	body, err := post(context.Background(), "http://"+m.scan+"/checkv2", f.([]byte))
	if err != nil {
		return 0, 0, err
	}
	var answer struct {
		Error   string
		Symbols map[string]struct{ Score float64 }
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Error != "" {
		return 0, 0, fmt.Errorf("rspamd answered %.200q", body)
	}
	p = .5
	if s, ok := answer.Symbols["BAYES_SPAM"]; ok {
		p += math.Pow(math.Min(1, math.Abs(s.Score)), 1./8) / 2
	} else if s, ok := answer.Symbols["BAYES_HAM"]; ok {
		p -= math.Pow(math.Min(1, math.Abs(s.Score)), 1./8) / 2
	}
	return logit(p), p, nil
}

func (m *rspamdModel) learn(l label) (written int, changed bool, err error) {
	body, err := post(context.Background(), "http://"+m.control+"/learn"+className(l.spam), l.features.([]byte))
	if err != nil || !bytes.Contains(body, []byte(`"success":true`)) {
		return 0, false, err
	}
	now := m.bytes()
	written, m.last = max(0, now-m.last), now
	return written, true, nil
}

// bytes is what Redis says that its keys take.
func (m *rspamdModel) bytes() int {
	info, err := redisCall(m.redis, "INFO memory")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(info) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "used_memory_dataset:"); ok {
			v, _ := strconv.Atoi(n)
			return v
		}
	}
	return 0
}

// redisCall sends an inline command and returns its simple or bulk answer.
func redisCall(addr, command string) (string, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, command+"\r\n"); err != nil {
		return "", err
	}
	b := bufio.NewReader(c)
	line, err := b.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSpace(line)
	n, bulk := strings.CutPrefix(line, "$")
	if !bulk {
		if strings.HasPrefix(line, "-") {
			err = fmt.Errorf("redis: %s", line[1:])
		}
		return line, err
	}
	size, err := strconv.Atoi(n)
	if err != nil || size < 0 || size > 1<<20 {
		return "", fmt.Errorf("redis answered %q", line)
	}
	data := make([]byte, size)
	_, err = io.ReadFull(b, data)
	return string(data), err
}
