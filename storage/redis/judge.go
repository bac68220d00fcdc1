package redis

import (
	"errors"
	"fmt"
	"net"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/winnowmail/winnow/storage"
)

// A NotReplicatedError says that a write was done, but that fewer replicas than
// Options.Acks had it in time. A failover may lose it. A call that may be
// repeated (Learn, Append with an id, Set) waits for the replicas anew.
type NotReplicatedError struct {
	Op         string // the method
	Acks, Want int    // replicas that had the write, and that should have
}

func (e *NotReplicatedError) Error() string {
	return fmt.Sprintf("redis: %s: done, but %d of %d replicas have it", e.Op, e.Acks, e.Want)
}

// A fate is what an error says about a command.
type fate int

const (
	answered   fate = iota // the server's answer, perhaps an error
	unknown                // it may have been done
	unsent                 // no server was reached: it was not done
	turnedAway             // a server was reached that serves nothing now: it was not done
	tryAgain               // not done, and the server is well
	readOnly               // not done, since the server is a replica now
	noScript               // not done, since the server does not have the script
	moved                  // not done: another node has the slot
	ask                    // not done: another node has the key already
)

// judge tells what became of a command that ended in err. For moved and ask the
// address of the other node follows.
func judge(err error) (fate, string) {
	broken, _ := errors.AsType[*connError](err)
	switch {
	case err == nil || errors.Is(err, goredis.Nil):
		return answered, ""
	case isReply(err):
		return judgeReply(err.Error())
	case broken != nil:
		if !broken.unsent {
			return unknown, ""
		}
		if errors.Is(err, errCut) {
			return tryAgain, ""
		}
		return unsent, ""
	case isDial(err): // of which the library keeps the bare error at times
		return unsent, ""
	case errors.Is(err, errNotMaster):
		return unsent, ""
	case errors.Is(err, goredis.ErrPoolTimeout), errors.Is(err, goredis.ErrPoolExhausted), errors.Is(err, goredis.ErrClosed):
		return tryAgain, ""
	}
	return unknown, ""
}

func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// isReply reports whether an error is an answer of the server.
func isReply(err error) bool {
	var reply goredis.Error
	return errors.As(err, &reply) && !errors.Is(err, goredis.Nil)
}

func judgeReply(text string) (fate, string) {
	// The library puts words in front of what a server says to a new connection.
	text = strings.TrimPrefix(text, "failed to authenticate: ")
	text = strings.TrimPrefix(text, "failed to initialize connection options: ")
	code, rest, _ := strings.Cut(text, " ")
	switch code {
	case "MOVED", "ASK":
		_, addr, _ := strings.Cut(rest, " ")
		if code == "ASK" {
			return ask, addr
		}
		return moved, addr
	case "NOSCRIPT":
		return noScript, ""
	case "READONLY":
		return readOnly, ""
	case "LOADING", "MASTERDOWN", "BUSY", "NOAUTH", "WRONGPASS":
		return turnedAway, ""
	case "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS":
		return tryAgain, ""
	}
	switch {
	// Servers before Redis 7 put a script's error into one of their own. Such
	// a one comes from the script's first write.
	case strings.Contains(text, "-READONLY "):
		return readOnly, ""
	case strings.Contains(text, "max number of clients"):
		return turnedAway, ""
	}
	return answered, ""
}

// refusalOf turns the error that a server answered with into one of this package.
func refusalOf(op string, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "not an integer") && op == "Increment", strings.Contains(text, "would overflow"):
		return storage.ErrNotNumber
	case strings.HasPrefix(text, "OOM"), strings.Contains(text, "-OOM "):
		return fmt.Errorf("redis: %s: %w: %w", op, storage.ErrFull, err)
	}
	return fmt.Errorf("redis: %s: %w", op, err)
}
