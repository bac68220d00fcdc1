package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"
)

func baselines() []string { return []string{"rspamd", "bogofilter"} }

// makers returns what makes the models, then the baselines that are installed.
func (o *options) makers(stderr io.Writer) (list []maker, err error) {
	for _, name := range o.models {
		m, err := o.kind(name)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	for _, name := range o.baselines {
		var m maker
		needs := []string{"bogofilter"}
		if m = new(bogofilter); name == "rspamd" {
			m, needs = new(rspamd), []string{"rspamd", "redis-server"}
		}
		missing := ""
		for _, program := range needs {
			if _, err := exec.LookPath(program); err != nil {
				missing = program
			}
		}
		if missing != "" {
			fmt.Fprintf(stderr, "lab: no figures of %s: %s is not installed\n", name, missing)
			continue
		}
		list = append(list, m)
	}
	return list, nil
}

func closeAll(list []maker) {
	for _, m := range list {
		m.close()
	}
}

// external is what baselines have in common: they take the bytes of a message,
// and keep their files in a directory.
type external struct {
	dir      string
	programs []*program
}

func (external) parsed() bool       { return false }
func (external) features(input) any { panic("a baseline takes bytes") }

func (e *external) makeDir() (err error) {
	if e.dir == "" {
		e.dir, err = os.MkdirTemp("", "lab")
	}
	return err
}

func (e *external) close() {
	for _, p := range e.programs {
		p.end()
	}
	if e.dir != "" {
		_ = os.RemoveAll(e.dir)
	}
	*e = external{}
}

// A program runs beside the lab.
type program struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func (e *external) start(name string, args ...string) error {
	p := &program{cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Dir = e.dir
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	e.programs = append(e.programs, p)
	return nil
}

// end asks the program to end, and insists after ten seconds.
func (p *program) end() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// await tries until something answers or one of the programs has ended.
func (e *external) await(what string, try func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		for _, p := range e.programs {
			select {
			case <-p.ended:
				return fmt.Errorf("%s ended: %s; its files are in %s", p.cmd.Path, p.cmd.ProcessState, e.dir)
			default:
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// freePort returns a port of loopback that nothing listens at.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
