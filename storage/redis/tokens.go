package redis

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/storage"
)

// learnTrip is how many lessons LearnMany sends in one trip.
const learnTrip = 64

// Counts implements storage.Tokens.
func (s *Store) Counts(ctx context.Context, table string, ids []uint64) (storage.Counts, error) {
	if err := checkKeys(table); err != nil {
		return storage.Counts{}, err
	}
	c := &command{op: "Counts", key: s.table(table), script: &s.scripts.counts, args: []any{s.pack(ids)}, repeat: true}
	if err := s.do(ctx, c); err != nil {
		return storage.Counts{}, err
	}
	return countsOf(sliceOf(c.reply), len(ids))
}

// countsOf reads what the script counts returns: for each class its name, its
// lessons, and the counts of the tokens, each followed by a space.
func countsOf(reply []any, n int) (storage.Counts, error) {
	counts := storage.Counts{Lessons: map[string]int64{}, Tokens: map[string][]int64{}}
	for class := range slices.Chunk(reply, 3) {
		if len(class) != 3 {
			return storage.Counts{}, fmt.Errorf("redis: Counts: the server's answer is cut short")
		}
		name := stringOf(class[0])
		if lessons := intOf(class[1]); lessons > 0 {
			counts.Lessons[name] = lessons
		}
		text, any := stringOf(class[2]), false
		tokens := make([]int64, n)
		for i := range tokens {
			number, rest, ok := strings.Cut(text, " ")
			v, err := strconv.ParseInt(number, 10, 64)
			if !ok || err != nil {
				return storage.Counts{}, fmt.Errorf("redis: Counts: class %q has %q as a token's count", name, number)
			}
			tokens[i], text = v, rest
			any = any || v != 0
		}
		if any {
			counts.Tokens[name] = tokens
		}
	}
	return counts, nil
}

// pack gives tokens as a script takes them: 8 bytes each, or in Rspamd's layout in
// decimal with a space behind each. They never become numbers of Lua, which are
// inexact above 2^53.
func (s *Store) pack(ids []uint64) string {
	var b []byte
	for _, id := range ids {
		if s.rspamd {
			b = append(strconv.AppendUint(b, id, 10), ' ')
		} else {
			b = binary.BigEndian.AppendUint64(b, id)
		}
	}
	return string(b)
}

// Learn implements storage.Tokens.
func (s *Store) Learn(ctx context.Context, table string, l storage.Lesson) (storage.Learned, error) {
	learned, err := s.LearnMany(ctx, table, []storage.Lesson{l})
	if len(learned) == 0 {
		return storage.Learned{}, err
	}
	return learned[0], err
}

// LearnMany implements storage.Tokens. Each lesson is a transaction; 64 go in one
// trip. When a connection breaks, the lessons whose outcome is unknown are
// repeated, which changes nothing where they had been learned; what is then
// returned is what the repeated call found.
func (s *Store) LearnMany(ctx context.Context, table string, ls []storage.Lesson) ([]storage.Learned, error) {
	if err := checkKeys(table); err != nil {
		return nil, err
	}
	learned := make([]storage.Learned, 0, len(ls))
	for trip := range slices.Chunk(ls, learnTrip) {
		cmds := make([]*command, 0, len(trip))
		var bad error
		for _, l := range trip {
			if bad = l.Check(); bad != nil {
				break
			}
			cmds = append(cmds, s.lessonCommand(table, l))
		}
		if len(cmds) > 0 {
			done, err := s.learn(ctx, cmds)
			learned = append(learned, done...)
			if err != nil {
				return learned, err
			}
		}
		if bad != nil {
			return learned, bad
		}
	}
	if len(ls) == 0 {
		return learned, ctx.Err()
	}
	return learned, nil
}

func (s *Store) lessonCommand(table string, l storage.Lesson) *command {
	ids := slices.Compact(slices.Sorted(slices.Values(l.IDs)))
	weight := strconv.FormatInt(max(1, l.Weight), 10)
	c := &command{
		op: "Learn", key: s.table(table), script: &s.scripts.learn, write: true, repeat: true,
		args: []any{l.Message, l.Class, weight, s.pack(ids), s.o.Lessons, s.o.Acks, strconv.FormatInt(max(1, l.Messages), 10)},
	}
	if s.rspamd {
		c.args = append(c.args, s.notes(table), strings.Join(l.Aliases, " "))
	}
	return c
}

// learn runs lessons in one trip.
func (s *Store) learn(ctx context.Context, cmds []*command) ([]storage.Learned, error) {
	err := s.do(ctx, cmds...)
	if ctx.Err() != nil && err != nil {
		return nil, err // The commands are not ours any more.
	}
	var learned []storage.Learned
	for _, c := range cmds {
		reply := sliceOf(c.reply)
		if len(reply) != 2 {
			break
		}
		learned = append(learned, storage.Learned{Was: stringOf(reply[0]), Changed: intOf(reply[1]) == 1})
	}
	if err == nil && len(learned) < len(cmds) {
		err = fmt.Errorf("redis: Learn: the server's answer is no lesson")
	}
	return learned, err
}

// Lesson implements storage.Tokens.
func (s *Store) Lesson(ctx context.Context, table, message string) (string, error) {
	if err := checkKeys(table, message); err != nil {
		return "", err
	}
	return s.lessonAs(ctx, table, message, nil)
}

// LessonAs implements storage.AliasReader.
func (s *Store) LessonAs(ctx context.Context, table, message string, aliases []string) (string, error) {
	if err := checkKeys(table, message); err != nil {
		return "", err
	}
	return s.lessonAs(ctx, table, message, aliases)
}

func (s *Store) lessonAs(ctx context.Context, table, message string, aliases []string) (string, error) {
	c := &command{op: "Lesson", key: s.notes(table), script: &s.scripts.lesson, args: []any{message}, repeat: true}
	if s.rspamd {
		c.args = append(c.args, strings.Join(aliases, " "))
	}
	if err := s.do(ctx, c); err != nil {
		return "", err
	}
	return stringOf(c.reply), nil
}

// DropTable implements storage.Tokens. In Rspamd's layout it looks through all
// keys of the database.
func (s *Store) DropTable(ctx context.Context, table string) error {
	if err := checkKeys(table); err != nil {
		return err
	}
	if s.rspamd {
		return s.dropRspamd(ctx, table)
	}
	return s.do(ctx, &command{op: "DropTable", key: s.table(table), script: &s.scripts.drop, write: true, repeat: true})
}
