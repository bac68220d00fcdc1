package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
)

// bogofilter is the program of that name with its own defaults, called once for
// each verdict and each lesson.
type bogofilter struct {
	external
	n int // databases so far
}

func (*bogofilter) name() string { return "bogofilter" }

// fresh makes an empty database, beside a configuration that only has the
// spamicity printed with all its digits.
func (b *bogofilter) fresh() (model, error) {
	if err := b.makeDir(); err != nil {
		return nil, err
	}
	config := filepath.Join(b.dir, "config")
	if err := os.WriteFile(config, []byte("spamicity_formats=%0.16f, %0.16f, %0.16f\n"), 0o600); err != nil {
		return nil, err
	}
	b.n++
	m := bogofilterModel{dir: filepath.Join(b.dir, strconv.Itoa(b.n)), config: config}
	if b.n > 1 {
		_ = os.RemoveAll(filepath.Join(b.dir, strconv.Itoa(b.n-1)))
	}
	return &m, os.Mkdir(m.dir, 0o700)
}

type bogofilterModel struct {
	dir, config string
	learned     bool
	last        int
}

var spamicity = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`spamicity=([01]\.[0-9]+)`) })

func (m *bogofilterModel) call(message any, flag string) (stdout []byte, err error) {
	cmd := exec.Command("bogofilter", flag, "-c", m.config, "-d", m.dir)
	cmd.Stdin = bytes.NewReader(message.([]byte))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && flag == "-v" && exit.ExitCode() < 3 { // 0 to 2 are verdicts.
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("bogofilter %s: %w: %s", flag, err, bytes.TrimSpace(errs.Bytes()))
	}
	return out, nil
}

// classify takes the spamicity for the probability.
func (m *bogofilterModel) classify(f any) (logOdds, p float64, err error) {
	if !m.learned {
		return 0, .5, nil // Without a database it has no verdict.
	}
	out, err := m.call(f, "-v")
	if err != nil {
		return 0, 0, err
	}
	found := spamicity().FindSubmatch(out)
	if found == nil {
		return 0, 0, fmt.Errorf("bogofilter printed %q", out)
	}
	if p, err = strconv.ParseFloat(string(found[1]), 64); err != nil {
		return 0, 0, err
	}
	return logit(p), p, nil
}

func (m *bogofilterModel) learn(l label) (written int, changed bool, err error) {
	flag := "-n"
	if l.spam {
		flag = "-s"
	}
	if _, err := m.call(l.features, flag); err != nil {
		return 0, false, err
	}
	m.learned = true
	now := m.bytes()
	written, m.last = max(0, now-m.last), now
	return written, true, nil
}

// bytes is the size of the database.
func (m *bogofilterModel) bytes() int {
	total := 0
	files, _ := filepath.Glob(filepath.Join(m.dir, "*"))
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			total += int(info.Size())
		}
	}
	return total
}
