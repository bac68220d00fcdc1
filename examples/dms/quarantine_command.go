package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/winnowmail/winnow/quarantine"
)

const quarantineUsage = `usage: dms quarantine keygen FILE
       dms quarantine list -key FILE [flags]
       dms quarantine show -key FILE ID
       dms quarantine release -key FILE [flags] ID...
       dms quarantine delete -key FILE ID...
       dms quarantine digest -key FILE -from ADDRESS [flags]

Reads the copies that a daemon with -quarantine keeps, through its controller.
keygen makes a private key and prints the public one, which the daemon is given.
release hands a copy to a mail server and has the daemon learn it as ham; the
server must not ask the daemon about it again. digest tells recipients by mail
what was kept from them.
`

// A quarantineJob is what the command line asks for.
type quarantineJob struct {
	reader         *quarantine.Reader
	controller     string
	key            string
	query          quarantine.Query
	since          time.Duration
	relay, from    string
	noLearn        bool
	template       string
	asJSON         bool
	stdout, stderr io.Writer
}

// quarantineCommand is "dms quarantine"; it returns the exit code.
func quarantineCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	j := &quarantineJob{stdout: stdout, stderr: stderr}
	if len(args) == 0 || args[0] == "help" || args[0] == "-help" || args[0] == "-h" {
		fmt.Fprint(stdout, quarantineUsage)
		return 0
	}
	if args[0] == "keygen" {
		return j.exit(keygen(args[1:], stdout))
	}
	run, ids, err := j.parse(args[0], args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil && len(ids) == 0 {
		err = run(ctx, "")
	}
	for _, id := range ids {
		if run == nil || j.reader == nil {
			break
		}
		err = errors.Join(err, run(ctx, id))
	}
	return j.exit(err)
}

// A usageError is of a command line that asks for nothing that can be done.
type usageError struct{ error }

func (j *quarantineJob) exit(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(j.stderr, "dms quarantine: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

// parse reads the flags of a command and returns what it does for each of ids,
// or for nil once.
func (j *quarantineJob) parse(name string, args []string) (run func(ctx context.Context, id string) error, ids []string, err error) {
	flags := flag.NewFlagSet("dms quarantine "+name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&j.controller, "controller", "127.0.0.1:11334", "`address` of the daemon's controller")
	flags.StringVar(&j.key, "key", "", "`file` of the private key (required)")
	if run = j.declare(name, flags); run == nil {
		return nil, nil, usageError{fmt.Errorf("unknown command %q; see dms quarantine help", name)}
	}
	err = parseMixed(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(j.stdout, quarantineUsage)
		flags.SetOutput(j.stdout)
		flags.PrintDefaults()
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, usageError{err}
	}
	return run, flags.Args(), j.complete(name, flags.Args())
}

// declare adds the flags of a command and returns what it does, nil if there is
// no such command.
func (j *quarantineJob) declare(name string, flags *flag.FlagSet) func(ctx context.Context, id string) error {
	switch name {
	case "list":
		flags.BoolVar(&j.asJSON, "json", false, "print a JSON object a line")
		flags.StringVar(&j.query.Rcpt, "rcpt", "", "only what was to this `address`")
		flags.StringVar(&j.query.Text, "text", "", "only what has this `text` in its addresses, Subject or Message-ID")
		flags.DurationVar(&j.since, "since", 0, "only what came in the last `hours`, such as 24h")
		flags.IntVar(&j.query.Max, "n", 100, "how `many` at most")
		return j.list
	case "show":
		return j.show
	case "release":
		flags.StringVar(&j.relay, "relay", "127.0.0.1:25", "`HOST:PORT` of the mail server that delivers it")
		flags.BoolVar(&j.noLearn, "no-learn", false, "don't have it learned as ham")
		return j.release
	case "delete":
		return func(ctx context.Context, id string) error { return j.reader.Delete(ctx, id) }
	case "digest":
		flags.StringVar(&j.from, "from", "", "`address` that the digests are from (required)")
		flags.StringVar(&j.relay, "relay", "127.0.0.1:25", "`HOST:PORT` of the mail server that delivers them")
		flags.DurationVar(&j.since, "since", 24*time.Hour, "what came in the last `hours`")
		flags.StringVar(&j.template, "template", "", "`file` with a template of your own; by default quarantine.DigestText")
		return j.digest
	}
	return nil
}

// complete checks what was parsed and reads the private key.
func (j *quarantineJob) complete(name string, ids []string) error {
	one := name != "list" && name != "digest"
	switch {
	case one != (len(ids) > 0):
		return usageError{fmt.Errorf("%s: %d IDs were given", name, len(ids))}
	case j.key == "":
		return usageError{errors.New("-key is required")}
	case name == "digest" && (!strings.Contains(j.from, "@") || strings.ContainsAny(j.from, "\r\n")):
		return usageError{fmt.Errorf("-from: %q is no address", j.from)}
	}
	if !one && j.since > 0 {
		j.query.Since = time.Now().Add(-j.since)
	}
	private, err := os.ReadFile(j.key)
	if err != nil {
		return err
	}
	j.reader, err = quarantine.NewReader(quarantine.Remote("http://"+j.controller, controllerClient()), string(private))
	return err
}

// keygen makes a private key in a new file.
func keygen(args []string, stdout io.Writer) error {
	if len(args) != 1 || strings.HasPrefix(args[0], "-") {
		return usageError{errors.New("keygen: one file is needed")}
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "# public key: %s\n%s\n", id.Recipient(), id)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	fmt.Fprintln(stdout, id.Recipient())
	return nil
}

func (j *quarantineJob) list(ctx context.Context, _ string) error {
	items, unreadable, err := j.reader.List(ctx, j.query)
	for _, i := range items {
		if j.asJSON {
			line, err := json.Marshal(i)
			if err != nil {
				return err
			}
			fmt.Fprintf(j.stdout, "%s\n", line)
			continue
		}
		fmt.Fprintf(j.stdout, "%s  %s  %s  %.1f  %q -> %q  %q\n", i.ID, i.Time.Format("2006-01-02 15:04"), i.Action, i.Score, i.From, i.Rcpts, i.Subject)
	}
	if unreadable > 0 {
		fmt.Fprintf(j.stderr, "dms quarantine: %d copies can't be read with this key\n", unreadable)
	}
	return err
}

func (j *quarantineJob) show(ctx context.Context, id string) error {
	_, message, err := j.reader.Show(ctx, id)
	if err == nil {
		_, err = j.stdout.Write(message)
	}
	return err
}

func (j *quarantineJob) release(ctx context.Context, id string) error {
	var text []byte
	err := j.reader.Release(ctx, id, func(ctx context.Context, item quarantine.Item, message []byte) error {
		if len(item.Rcpts) == 0 {
			return errors.New("it has no recipients")
		}
		text = message
		return submit(ctx, j.relay, item.From, item.Rcpts, message)
	})
	if err != nil || j.noLearn {
		return err
	}
	return j.learn(ctx, text)
}

// learn has the daemon learn a message as ham.
func (j *quarantineJob) learn(ctx context.Context, message []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+j.controller+"/learnham", bytes.NewReader(message))
	if err != nil {
		return err
	}
	res, err := controllerClient().Do(req)
	if err != nil {
		return fmt.Errorf("released, not learned: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		reply, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		return fmt.Errorf("released, not learned: %s", bytes.TrimSpace(reply))
	}
	return nil
}

func (j *quarantineJob) digest(ctx context.Context, _ string) error {
	var own *quarantine.DigestTemplate
	if j.template != "" {
		text, err := os.ReadFile(j.template)
		if err == nil {
			own, err = quarantine.ParseDigest(string(text))
		}
		if err != nil {
			return err
		}
	}
	j.query.Max = quarantine.DefaultMessages
	items, _, err := j.reader.List(ctx, j.query)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range quarantine.Digests(items, j.from, j.query.Since, time.Now()) {
		var message bytes.Buffer
		err := d.Write(&message, own)
		if err == nil {
			err = submit(ctx, j.relay, j.from, []string{d.To}, message.Bytes())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("digest to %s: %w", d.To, err))
		}
	}
	return errors.Join(errs...)
}
