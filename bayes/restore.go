package bayes

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

// ErrNotEmpty is of a store in which something was learned already.
var ErrNotEmpty = errors.New("bayes: the store has learned something already")

// ReadBackup tells what a backup is of. A damaged one is ErrBackup, which tells why.
func ReadBackup(r io.Reader) (BackupInfo, error) {
	c, err := checkBackup(r, Options{})
	return c.info, err
}

// Restore puts a backup into a store, for the Learner of o.Name; of the other
// Options Users has to be as it was. Nobody may have that Learner open. A damaged
// backup is ErrBackup, which tells why, and changes nothing. A store in which that
// Learner learned something is ErrNotEmpty, unless replace says that all of it goes.
// After another error part of the backup may be there; to repeat the call is right
// then.
func Restore(ctx context.Context, o Options, r io.ReadSeeker, replace bool) (BackupInfo, error) {
	l := &Learner{opt: o}
	if l.opt.Name == "" {
		l.opt.Name = "main"
	}
	c, err := checkBackup(r, o)
	if err != nil {
		return c.info, err
	}
	if c.info.Users != o.Users {
		return c.info, fmt.Errorf("bayes: the backup is of a Learner whose Options.Users is %v", c.info.Users)
	}
	if err := l.makeRoom(ctx, replace); err != nil {
		return c.info, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return c.info, fmt.Errorf("bayes: backup: %w", err)
	}
	seed := binary.LittleEndian.AppendUint64(nil, c.info.Seed)
	if err := o.Store.Set(ctx, l.key("seed"), seed, 0); err != nil {
		return c.info, fmt.Errorf("bayes: seed: %w", err)
	}
	tables, err := l.restoreNotes(ctx, r)
	if err != nil {
		return c.info, err
	}
	// The tables come last: until then the store has learned nothing.
	state, err := o.Store.LogState(ctx, l.key("journal"))
	if err != nil {
		return c.info, fmt.Errorf("bayes: journal: %w", err)
	}
	for _, name := range snapshots {
		if _, err := storage.ReplaceSnapshot(ctx, o.Store, l.key(name), storage.Snapshot{Data: tables, Mark: state.Next}); err != nil {
			return c.info, fmt.Errorf("bayes: snapshot: %w", err)
		}
	}
	// An entry without events tells Open that something was learned, beside a prior.
	if _, err := o.Store.Append(ctx, l.key("journal"), "", nil); err != nil {
		return c.info, fmt.Errorf("bayes: journal: %w", err)
	}
	return c.info, nil
}

// makeRoom holds that nothing was learned, or removes it.
func (l *Learner) makeRoom(ctx context.Context, replace bool) error {
	store := l.opt.Store
	state, err := store.LogState(ctx, l.key("journal"))
	if err != nil {
		return fmt.Errorf("bayes: journal: %w", err)
	}
	learned := state.Next > 1
	for _, name := range snapshots {
		_, err := storage.StatSnapshot(ctx, store, l.key(name))
		if err != nil && !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, storage.ErrDamaged) {
			return fmt.Errorf("bayes: snapshot: %w", err)
		}
		learned = learned || err == nil
	}
	if learned && !replace {
		return ErrNotEmpty
	}
	for _, name := range []string{"journal", "recent", "recent-ids", "unsure"} {
		if _, err := store.TrimLog(ctx, l.key(name), storage.Trim{Before: time.Now().Add(24 * time.Hour)}); err != nil {
			return fmt.Errorf("bayes: %s: %w", name, err)
		}
	}
	if err := store.Delete(ctx, l.key("resets"), l.key("prior")); err != nil {
		return fmt.Errorf("bayes: %w", err)
	}
	names, err := l.noteNames(ctx)
	if err != nil {
		return err
	}
	return l.dropNotes(ctx, names)
}

// restoredAtOnce is how many bytes of notes are written together, about.
const restoredAtOnce = 2 << 20

// restoreNotes writes all but the tables, which it returns.
func (l *Learner) restoreNotes(ctx context.Context, r io.Reader) (tables []byte, err error) {
	var notes []storage.Value
	waiting := 0
	flush := func() error {
		err := storage.SetMany(ctx, l.opt.Store, notes, keepLessons)
		clear(notes)
		notes, waiting = notes[:0], 0
		return err
	}
	err = readBackup(r, func(letter byte, key string, value []byte) (err error) {
		switch letter {
		case sectionPrior:
			err = l.opt.Store.Set(ctx, l.key("prior"), value, 0)
		case sectionResets:
			err = l.opt.Store.Set(ctx, l.key("resets"), value, 0)
		case sectionTables:
			tables = value
		case sectionNote:
			notes = append(notes, storage.Value{Key: l.key("lesson/") + key, Data: value})
			if waiting += len(value); len(notes) == 256 || waiting > restoredAtOnce {
				err = flush()
			}
		}
		return err
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return nil, fmt.Errorf("bayes: restore: %w", err)
	}
	return tables, nil
}

// A backupCheck holds a backup to what it says of itself.
type backupCheck struct {
	opt    Options
	info   BackupInfo
	priors [][sha256.Size]byte
	seen   map[byte]int
}

// checkBackup reads it as for a Learner of these Options, whose users are the backup's.
func checkBackup(r io.Reader, o Options) (backupCheck, error) {
	c := backupCheck{seen: map[byte]int{}, opt: o}
	err := readBackup(r, func(letter byte, key string, value []byte) error {
		if err := c.section(letter, key, value); err != nil {
			return fmt.Errorf("%w: %w", ErrBackup, err)
		}
		return nil
	})
	if err == nil && (c.seen[sectionInfo] == 0 || c.seen[sectionTables] == 0) {
		err = fmt.Errorf("%w: it has no tables", ErrBackup)
	}
	return c, err
}

func (c *backupCheck) section(letter byte, key string, value []byte) error {
	if c.seen[letter]++; c.seen[letter] > 1 && letter != sectionNote {
		return fmt.Errorf("two sections %q", letter)
	}
	switch letter {
	case sectionInfo:
		return json.Unmarshal(value, &c.info)
	case sectionPrior:
		if len(value)%sha256.Size != 0 || len(value) > maxPriors*sha256.Size {
			return errors.New("digests of priors that are none")
		}
		for d := range slices.Chunk(value, sha256.Size) {
			c.priors = append(c.priors, [sha256.Size]byte(d))
		}
	case sectionResets:
		var all resets
		return json.Unmarshal(value, &all)
	case sectionTables:
		if c.seen[sectionInfo] == 0 {
			return errors.New("tables before it is told what they are")
		}
		return c.tables(value)
	case sectionNote:
		n, err := readNote(value)
		if err == nil && n.from != 0 {
			err = errors.New("a note of a journal")
		}
		if err != nil {
			return fmt.Errorf("lesson %q: %w", key, err)
		}
		return storage.CheckKey(key)
	}
	return nil
}

func (c *backupCheck) tables(value []byte) error {
	c.opt.Users = c.info.Users
	m, err := fused.New(fused.Options{Seed: c.info.Seed, Bits: c.opt.tableBits(), Earlier: c.priors})
	if err != nil {
		return err
	}
	return m.UnmarshalBinary(value)
}

// resetEntry is the journal's entry by which everybody forgets everything.
var resetEntry = [1]byte{0}

// Reset forgets all that was learned, here and in every process that follows the
// journal, and what is known of lessons. The seed stays, and so do recent scans and
// unsure mails until their time is over. After an error part of that may be done;
// to repeat the call is right then.
func (l *Learner) Reset(ctx context.Context) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer l.leave()
	names, err := l.settle(ctx) // what is left undone would come later
	if err != nil {
		return err
	}
	seq, err := l.opt.Store.Append(ctx, l.key("journal"), "", resetEntry[:])
	if err != nil {
		return fmt.Errorf("bayes: journal: %w", err)
	}
	if err := l.catchUp(ctx); err != nil {
		return err
	}
	l.since = max(l.since, l.opt.SnapshotEvery)
	l.snapshot(ctx)
	var gone []string
	err = l.eachNote(ctx, names, func(name string, _ note, at uint64) error {
		if at < seq {
			gone = append(gone, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.dropNotes(ctx, gone)
}

func (l *Learner) dropNotes(ctx context.Context, names []string) error {
	for part := range slices.Chunk(names, 256) {
		keys := make([]string, len(part))
		for i, name := range part {
			keys[i] = l.key("lesson/") + name
		}
		if err := l.opt.Store.Delete(ctx, keys...); err != nil {
			return fmt.Errorf("bayes: lessons: %w", err)
		}
	}
	return nil
}
