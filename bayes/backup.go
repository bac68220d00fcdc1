package bayes

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

// BackupInfo tells what a backup is of.
type BackupInfo struct {
	Users bool      `json:"users"`
	Seed  uint64    `json:"seed"`
	Ham   int       `json:"ham"` // lessons, as in Stats
	Spam  int       `json:"spam"`
	Time  time.Time `json:"time"`
}

// Export writes all that was learned, as a file that Restore puts into any store:
// the tables, the seed, and the notes by which lessons can be taken back. Lessons
// of this process wait meanwhile, scans don't. Recent scans are left out.
func (l *Learner) Export(ctx context.Context, w io.Writer) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer l.leave()
	names, err := l.settle(ctx)
	if err != nil {
		return err
	}
	if err := l.catchUp(ctx); err != nil {
		return err
	}
	mark := l.next
	b := newBackupWriter(w)
	if err := l.exportTables(ctx, b); err != nil {
		return err
	}
	err = l.eachNote(ctx, names, func(name string, n note, seq uint64) error {
		if seq >= mark {
			return nil // Another process learned it after the tables were written.
		}
		n.from = 0 // In another journal it has no entry that could be missing.
		raw, err := n.bytes()
		if err == nil {
			err = b.section(sectionNote, name, raw)
		}
		return err
	})
	if err != nil {
		return err
	}
	return b.end()
}

func (l *Learner) exportTables(ctx context.Context, b *backupWriter) error {
	seed, err := l.opt.Store.Get(ctx, l.key("seed"))
	if err == nil && len(seed) != 8 {
		err = errStored
	}
	if err != nil {
		return fmt.Errorf("bayes: seed: %w", err)
	}
	v := l.tables.Classify(fused.Features{})
	info, err := json.Marshal(BackupInfo{Users: l.opt.Users, Seed: binary.LittleEndian.Uint64(seed), Ham: v.Ham, Spam: v.Spam, Time: l.opt.Clock().UTC()})
	if err != nil {
		return fmt.Errorf("bayes: backup: %w", err)
	}
	if err := b.section(sectionInfo, "", info); err != nil {
		return err
	}
	for _, k := range []struct {
		letter byte
		key    string
	}{{sectionPrior, "prior"}, {sectionResets, "resets"}} {
		raw, err := l.opt.Store.Get(ctx, l.key(k.key))
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err == nil {
			err = b.section(k.letter, "", raw)
		}
		if err != nil {
			return fmt.Errorf("bayes: backup: %w", err)
		}
	}
	data, err := l.tables.MarshalBinary()
	if err != nil {
		return err
	}
	return b.section(sectionTables, "", data)
}

// settle does what a process that died left undone, and lists the names of all notes.
func (l *Learner) settle(ctx context.Context) ([]string, error) {
	names, err := l.noteNames(ctx)
	if err != nil {
		return nil, err
	}
	return names, l.eachNote(ctx, names, func(string, note, uint64) error { return nil })
}

// noteNames lists the names of all notes, sorted.
func (l *Learner) noteNames(ctx context.Context) ([]string, error) {
	prefix := l.key("lesson/")
	seen := map[string]bool{}
	for cursor := ""; ; {
		keys, next, err := l.opt.Store.Scan(ctx, prefix, cursor, 0)
		if err != nil {
			return nil, fmt.Errorf("bayes: lessons: %w", err)
		}
		for _, k := range keys {
			seen[k[len(prefix):]] = true
		}
		if next == "" {
			return slices.Sorted(maps.Keys(seen)), nil
		}
		cursor = next
	}
}

// eachNote calls do with notes and the number of each one's entry, 0 for an entry
// that was trimmed or never needed. A missing entry is added.
func (l *Learner) eachNote(ctx context.Context, names []string, do func(name string, n note, seq uint64) error) error {
	state, err := l.opt.Store.LogState(ctx, l.key("journal"))
	if err != nil {
		return fmt.Errorf("bayes: journal: %w", err)
	}
	for part := range slices.Chunk(names, 128) {
		keys := make([]string, len(part))
		for i, name := range part {
			keys[i] = l.key("lesson/") + name
		}
		values, err := l.opt.Store.GetMany(ctx, keys)
		if err != nil {
			return fmt.Errorf("bayes: lessons: %w", err)
		}
		for i, name := range part {
			if values[i] == nil {
				continue
			}
			n, err := readNote(values[i])
			if err != nil {
				return fmt.Errorf("bayes: the note of lesson %q: %w", name, err)
			}
			seq := uint64(0)
			if len(n.events) > 0 && n.from >= state.First {
				if seq, err = l.entryOf(ctx, name, n); err != nil {
					return err
				}
			}
			if err := do(name, n, seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// entryOf returns the number of a note's entry, which it adds if it is missing.
func (l *Learner) entryOf(ctx context.Context, name string, n note) (uint64, error) {
	data, err := marshal(n.events)
	if err != nil {
		return 0, err
	}
	seq, err := l.opt.Store.Append(ctx, l.key("journal"), n.id(name), data)
	if err != nil {
		return 0, fmt.Errorf("bayes: journal: %w", err)
	}
	return seq, nil
}
