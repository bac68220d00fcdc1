package bayes

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/winnowmail/winnow/storage"
)

// ErrBackup is of what is no backup, or no whole one.
var ErrBackup = errors.New("bayes: not a whole backup")

// A backup begins with its magic. Sections follow: a letter, a key and a value,
// each of these after its length. The last one is the SHA-256 of all before.
const (
	backupMagic = "winnow-learner 1\n"

	sectionInfo   = 'i' // JSON of BackupInfo
	sectionPrior  = 'p' // digests of priors
	sectionResets = 'r' // of users
	sectionTables = 't'
	sectionNote   = 'n' // with the name as key
	sectionEnd    = 'e'

	maxTables = 64 << 20
)

// A backupWriter writes sections.
type backupWriter struct {
	w   *bufio.Writer
	sum hash.Hash
}

func newBackupWriter(w io.Writer) *backupWriter {
	b := &backupWriter{bufio.NewWriter(w), sha256.New()}
	_ = b.put([]byte(backupMagic)) // bufio gives the error again.
	return b
}

func (b *backupWriter) put(data []byte) error {
	b.sum.Write(data)
	if _, err := b.w.Write(data); err != nil {
		return fmt.Errorf("bayes: backup: %w", err)
	}
	return nil
}

func (b *backupWriter) section(letter byte, key string, value []byte) error {
	head := binary.AppendUvarint([]byte{letter}, uint64(len(key)))
	head = binary.AppendUvarint(append(head, key...), uint64(len(value)))
	if err := b.put(head); err != nil {
		return err
	}
	return b.put(value)
}

func (b *backupWriter) end() error {
	if err := b.section(sectionEnd, "", b.sum.Sum(nil)); err != nil {
		return err
	}
	if err := b.w.Flush(); err != nil {
		return fmt.Errorf("bayes: backup: %w", err)
	}
	return nil
}

// readBackup calls do with each section of a backup but the last, which tells
// whether it is whole. An error of do ends it.
func readBackup(r io.Reader, do func(letter byte, key string, value []byte) error) error {
	in := &backupReader{r: bufio.NewReader(r), sum: sha256.New()}
	magic := in.take(len(backupMagic))
	if string(magic) != backupMagic {
		return fmt.Errorf("%w: it begins with %.20q", ErrBackup, magic)
	}
	for {
		before := in.sum.Sum(nil)
		letter, key, value, err := in.section()
		if err != nil {
			return fmt.Errorf("%w: at byte %d: %w", ErrBackup, in.n, err)
		}
		if letter != sectionEnd {
			if err := do(letter, key, value); err != nil {
				return err
			}
			continue
		}
		if !bytes.Equal(value, before) {
			return fmt.Errorf("%w: its checksum is another", ErrBackup)
		}
		if _, err := in.r.ReadByte(); err != io.EOF {
			return fmt.Errorf("%w: something follows its end at byte %d", ErrBackup, in.n)
		}
		return nil
	}
}

type backupReader struct {
	r   *bufio.Reader
	sum hash.Hash
	n   int64
	err error
}

func (in *backupReader) section() (letter byte, key string, value []byte, err error) {
	letter = in.byte()
	limit := storage.MaxValue
	switch letter {
	case sectionTables:
		limit = maxTables
	case sectionInfo, sectionPrior, sectionResets, sectionNote, sectionEnd:
	default:
		if in.err == nil {
			in.err = fmt.Errorf("a section %q", letter)
		}
	}
	key = string(in.take(in.length(storage.MaxKey)))
	value = in.take(in.length(limit))
	return letter, key, value, in.err
}

func (in *backupReader) byte() byte {
	b := in.take(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (in *backupReader) length(limit int) int {
	var n uint64
	for shift := 0; shift < 35; shift += 7 {
		c := in.byte()
		if n |= uint64(c&0x7f) << shift; c < 0x80 {
			if n > uint64(limit) {
				break
			}
			return int(n)
		}
	}
	if in.err == nil {
		in.err = errors.New("a length out of bounds")
	}
	return 0
}

// take reads n bytes, in pieces, so that a length that lies costs nothing.
func (in *backupReader) take(n int) []byte {
	if in.err != nil {
		return nil
	}
	var b bytes.Buffer
	m, err := io.CopyN(&b, in.r, int64(n))
	in.n += m
	if err != nil {
		in.err = errors.Join(io.ErrUnexpectedEOF, dropEOF(err))
		return nil
	}
	in.sum.Write(b.Bytes())
	return b.Bytes()
}

func dropEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
