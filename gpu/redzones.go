package gpu

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Red zones are for tests (DVNVK_RED_ZONES=1): nothing but a look afterwards tells that a shader wrote beside its buffer.
const (
	redZone = 256 // bytes on either side of every buffer
	// nanWord is what red zones and unwritten memory hold: a signalling NaN, since adding to a quiet one leaves its bits.
	nanWord = 0x7fa0dead
)

// RedZones tells whether buffers have NaNs around them.
func (d *Device) RedZones() bool { return d.memory.redZones }

// widened is the buffer with its red zones.
func (b *Buffer) widened() *Buffer {
	wide := *b
	wide.offset -= redZone
	wide.size = b.Room() + 2*redZone
	return &wide
}

// CheckRedZones looks at the NaNs around every buffer (DVNVK_RED_ZONES=1) and names each buffer beside which something
// was written.
func (d *Device) CheckRedZones() error {
	if !d.memory.redZones {
		return &Error{Op: "check red zones", Err: errors.New("there are none: set DVNVK_RED_ZONES=1 before the device is opened")}
	}
	var buffers []*Buffer
	for b := range d.memory.live {
		buffers = append(buffers, b)
	}
	slices.SortFunc(buffers, func(a, b *Buffer) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.Address(), b.Address()))
	})
	var damage []error
	for _, b := range buffers {
		damage = append(damage, b.checkRedZones())
	}
	return errors.Join(damage...)
}

func (b *Buffer) checkRedZones() error {
	wide := b.widened()
	behind := redZone + b.size // from the last byte on, the rest of the last 256 included
	for _, zone := range []span{{0, redZone}, {behind, wide.size - behind}} {
		content := make([]byte, zone.size)
		if err := wide.Read(zone.offset, content); err != nil {
			return err
		}
		for i, value := range content {
			at := zone.offset + uint64(i)
			if value != byte(uint32(nanWord)>>(8*(at%4))) {
				word := max(at&^3, zone.offset) // some of a word's bytes may have kept their value
				return &Error{Op: "check red zones", Object: b.name,
					Err: fmt.Errorf("byte %d of %d was written", int64(word)-redZone, b.size)}
			}
		}
	}
	return nil
}
