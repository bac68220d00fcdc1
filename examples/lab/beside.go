package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/mail"
	stored "github.com/winnowmail/winnow/storage/redis"
)

// besideOptions are those of the command beside.
type besideOptions struct {
	corpus, index, rspamd, redis string
	learn, judge, minLearns      int
	seed                         int64
	verbose                      bool
}

// beside compares model osb34 with a running Rspamd 3.4 that keeps its
// statistics in the same Redis: first the tokens that each makes of the messages
// that Rspamd learns, then both verdicts on others by what Rspamd learned.
func beside(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o besideOptions
	f := flag.NewFlagSet("lab beside", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.corpus, "corpus", "", "`directory` with the messages")
	f.StringVar(&o.index, "index", "", "`file` that names them")
	f.StringVar(&o.rspamd, "rspamd", "http://127.0.0.1:11334", "`URL` of the controller of Rspamd 3.4; it learns")
	f.StringVar(&o.redis, "redis", "redis://127.0.0.1:6379", "`URL` of its Redis")
	f.IntVar(&o.learn, "learn", 300, "messages that are learned, of each class one half")
	f.IntVar(&o.judge, "judge", 1000, "messages that are judged")
	f.IntVar(&o.minLearns, "min-learns", 200, "Rspamd's min_learns")
	f.Int64Var(&o.seed, "seed", 1, "of the choice of messages")
	f.BoolVar(&o.verbose, "v", false, "print each message on which the two differ")
	if f.Parse(args) != nil {
		return 2
	}
	if o.corpus == "" || o.index == "" || f.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	if err := o.run(ctx, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "lab:", err)
		return 1
	}
	return 0
}

func (o *besideOptions) run(ctx context.Context, w, stderr io.Writer) error {
	list, err := readIndex(o.index, stderr)
	if err != nil {
		return err
	}
	rand.New(rand.NewSource(o.seed)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	ro, err := stored.Parse(o.redis)
	if err != nil {
		return err
	}
	ro.Rspamd, ro.Connect = true, true
	store, err := stored.Open(ctx, ro)
	if err != nil {
		return err
	}
	defer store.Close()
	c, err := osb.New(store, osb.Options{Dialect: osb.Rspamd34, MinLearns: o.minLearns})
	if err != nil {
		return err
	}
	at, err := redis.ParseURL(o.redis)
	if err != nil {
		return err
	}
	client := redis.NewClient(at)
	defer client.Close()
	b := side{o: o, c: c, client: client, out: w}
	rest, err := b.learnAll(ctx, list)
	if err != nil {
		return err
	}
	return b.judgeAll(ctx, rest)
}

// A side is the comparison.
type side struct {
	o      *besideOptions
	c      *osb.Classifier
	client *redis.Client
	out    io.Writer
}

func (b *side) message(it item) (raw []byte, tokens []osb.Token, err error) {
	if raw, err = it.read(b.o.corpus); err != nil {
		return nil, nil, err
	}
	m := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
	return raw, b.c.Tokens(m, osb.Seen{}), nil
}

// post sends a message to Rspamd.
func (b *side) post(ctx context.Context, path string, raw []byte) (status int, body []byte, err error) {
	to, err := url.JoinPath(b.o.rspamd, path)
	if err != nil {
		return 0, nil, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	if strings.HasPrefix(path, "learn") {
		q.Header.Set("Learn-Type", "bulk")
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, nil, err
	}
	defer r.Body.Close()
	body, err = io.ReadAll(r.Body)
	return r.StatusCode, body, err
}

// learnAll makes Rspamd learn and compares the tokens. It returns the messages
// that are left over.
func (b *side) learnAll(ctx context.Context, list []item) (rest []item, err error) {
	ours := map[uint64]bool{}
	of := map[bool]int{}
	refused := 0
	for _, it := range list {
		if of[it.spam] >= b.o.learn/2 {
			rest = append(rest, it)
			continue
		}
		raw, tokens, err := b.message(it)
		if err != nil {
			return nil, err
		}
		path := "learnham"
		if it.spam {
			path = "learnspam"
		}
		status, answer, err := b.post(ctx, path, raw)
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			refused++
			if b.o.verbose {
				fmt.Fprintf(b.out, "refused\t%s\t%d\t%.200s\n", it.path, status, answer)
			}
			continue
		}
		of[it.spam]++
		for _, t := range tokens {
			ours[t.ID] = true
		}
	}
	theirs, err := b.keys(ctx)
	if err != nil {
		return nil, err
	}
	same := 0
	for id := range ours {
		if theirs[id] {
			same++
		}
	}
	fmt.Fprintf(b.out, "learned %d spam, %d ham; refused %d\nkeys: theirs %d, ours %d, the same %d = %.2f %%\n", of[true], of[false], refused,
		len(theirs), len(ours), same, 100*float64(same)/float64(max(len(ours), len(theirs), 1)))
	return rest, nil
}

// keys are the ids of the tokens that Rspamd has in Redis.
func (b *side) keys(ctx context.Context) (map[uint64]bool, error) {
	ids := map[uint64]bool{}
	all := b.client.Scan(ctx, 0, osb.DefaultTable+"_*", 1000).Iterator()
	for all.Next(ctx) {
		if id, err := strconv.ParseUint(strings.TrimPrefix(all.Val(), osb.DefaultTable+"_"), 10, 64); err == nil {
			ids[id] = true
		}
	}
	return ids, all.Err()
}

// judgeAll compares verdicts. Two agree if they have the same class; where
// neither adds a symbol they do as well. Messages that Rspamd puts off before it
// comes to its statistics, as its greylisting does, count on neither side.
func (b *side) judgeAll(ctx context.Context, list []item) error {
	agree, n, difference, both, putOff := 0, 0, 0.0, 0, 0
	for _, it := range list {
		if n == b.o.judge {
			break
		}
		raw, tokens, err := b.message(it)
		if err != nil {
			return err
		}
		status, body, err := b.post(ctx, "checkv2", raw)
		if err != nil {
			return err
		}
		theirs, share, err := verdictOf(status, body)
		if errors.Is(err, errPutOff) {
			putOff++
			continue
		}
		if err != nil {
			return err
		}
		v, err := b.c.Classify(ctx, tokens)
		if err != nil {
			return err
		}
		ours, option := "", 0.0
		if _, text, ok := v.Symbol(); ok {
			ours = v.Class
			option, _ = strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
		}
		n++
		if ours != theirs {
			if b.o.verbose {
				fmt.Fprintf(b.out, "differ\t%s\ttheirs %q %.2f\tours %q %.2f, %v\n", it.path, theirs, share, ours, option, v.State)
			}
			continue
		}
		agree++
		if ours != "" {
			both++
			difference += math.Abs(option - share)
		}
	}
	fmt.Fprintf(b.out, "verdicts: %d of %d agree = %.2f %%; mean difference of the option %.2f points; put off %d\n", agree, n,
		100*float64(agree)/float64(max(n, 1)), difference/float64(max(both, 1)), putOff)
	return nil
}

var errPutOff = errors.New("rspamd put the message off")

// verdictOf reads which class Rspamd's answer has a symbol of, "" for none, and the
// symbol's option.
func verdictOf(status int, body []byte) (class string, percent float64, err error) {
	var r struct {
		Action  string
		Symbols map[string]struct{ Options []string }
	}
	if err := json.Unmarshal(body, &r); err != nil || status != http.StatusOK {
		return "", 0, fmt.Errorf("rspamd: status %d, %.100q: %w", status, body, err)
	}
	if r.Action == "soft reject" {
		return "", 0, errPutOff
	}
	for name, class := range map[string]string{"BAYES_SPAM": osb.Spam, "BAYES_HAM": osb.Ham} {
		if s, ok := r.Symbols[name]; ok {
			if len(s.Options) > 0 {
				percent, _ = strconv.ParseFloat(strings.TrimSuffix(s.Options[0], "%"), 64)
			}
			return class, percent, nil
		}
	}
	return "", 0, nil
}
