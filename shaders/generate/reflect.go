package main

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/shaders"
)

// The part of SPIR-V that the manifest needs (SPIR-V specification, sections 3.20 and 3.42).
const (
	opName, opMemberName                                      = 5, 6
	opTypeInt, opTypeFloat, opTypeVector, opTypeArray         = 21, 22, 23, 28
	opTypeRuntimeArray, opTypeStruct, opTypePointer           = 29, 30, 32
	opConstant, opSpecConstant, opVariable                    = 43, 50, 59
	opDecorate, opMemberDecorate                              = 71, 72
	opExecutionModeID                                         = 331 // LocalSizeId is the only one with three operands
	opGroupNonUniformFirst, opGroupNonUniformLast             = 333, 366
	opTypeCooperativeMatrix                                   = 4456
	decorationSpecID, decorationArrayStride, decorationOffset = 1, 6, 35
	decorationBuiltIn, builtInSubgroupInvocation              = 11, 41
	storagePushConstant                                       = 9
	pointerBytes                                              = 8
)

type module struct {
	names       map[uint32]string
	memberNames map[uint32]map[uint32]string
	offsets     map[uint32]map[uint32]int
	types       map[uint32][]uint32 // opcode, then operands behind the result
	constants   map[uint32]uint32
	specIDs     map[uint32]uint32
	strides     map[uint32]int
	specOrder   []uint32
	push        uint32 // pointer type of the push constants
	localSize   uint32 // constant of the local size
	subgroups   bool
}

// reflect reads push constants, tables, specialization constants and local size from SPIR-V.
func reflect(code []byte) (shaders.Entry, error) {
	m, err := parse(code)
	if err != nil {
		return shaders.Entry{}, err
	}
	entry := shaders.Entry{Tables: map[string]shaders.Table{}, LocalSizeID: m.specIDs[m.localSize], SubgroupSized: m.subgroups}
	structure := m.types[m.push]
	if len(structure) < 3 {
		return entry, fmt.Errorf("no push constants")
	}
	entry.Push = m.members(structure[2])
	last := entry.Push[len(entry.Push)-1]
	entry.PushBytes = last.Offset + last.Size
	for id, t := range m.types {
		// tables are the structures in runtime arrays of structures
		if t[0] == opTypeRuntimeArray && m.types[t[1]][0] == opTypeStruct {
			entry.Tables[m.names[t[1]]] = shaders.Table{Stride: m.strides[id], Members: m.members(t[1])}
		}
	}
	for _, id := range m.specOrder {
		if name := m.names[id]; name != "" {
			entry.Constants = append(entry.Constants, shaders.SpecConstant{ID: m.specIDs[id], Name: name, Default: m.constants[id]})
		}
	}
	slices.SortFunc(entry.Constants, func(a, b shaders.SpecConstant) int { return int(a.ID) - int(b.ID) })
	return entry, nil
}

func parse(code []byte) (*module, error) {
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	if len(words) < 5 || words[0] != 0x07230203 {
		return nil, fmt.Errorf("not SPIR-V")
	}
	m := &module{
		names: map[uint32]string{}, memberNames: map[uint32]map[uint32]string{}, offsets: map[uint32]map[uint32]int{},
		types: map[uint32][]uint32{}, constants: map[uint32]uint32{}, specIDs: map[uint32]uint32{}, strides: map[uint32]int{},
	}
	for rest := words[5:]; len(rest) > 0; {
		count, op := rest[0]>>16, rest[0]&0xffff
		if count == 0 || int(count) > len(rest) {
			return nil, fmt.Errorf("an instruction runs past the end")
		}
		m.instruction(op, rest[1:count])
		rest = rest[count:]
	}
	return m, nil
}

func (m *module) instruction(op uint32, a []uint32) {
	switch op {
	case opName:
		m.names[a[0]] = text(a[1:])
	case opMemberName:
		set(m.memberNames, a[0], a[1], text(a[2:]))
	case opMemberDecorate:
		if a[2] == decorationOffset {
			set(m.offsets, a[0], a[1], int(a[3]))
		}
	case opDecorate:
		switch a[1] {
		case decorationSpecID:
			m.specIDs[a[0]] = a[2]
		case decorationArrayStride:
			m.strides[a[0]] = int(a[2])
		case decorationBuiltIn:
			m.subgroups = m.subgroups || a[2] == builtInSubgroupInvocation
		}
	case opTypeInt, opTypeFloat, opTypeVector, opTypeArray, opTypeRuntimeArray, opTypeStruct, opTypePointer:
		m.types[a[0]] = append([]uint32{op}, a[1:]...)
	case opConstant, opSpecConstant:
		m.constants[a[1]] = a[2]
		if op == opSpecConstant {
			m.specOrder = append(m.specOrder, a[1])
		}
	case opVariable:
		if a[2] == storagePushConstant {
			m.push = a[0]
		}
	case opExecutionModeID:
		if len(a) == 5 {
			m.localSize = a[2]
		}
	default:
		m.subgroups = m.subgroups || op >= opGroupNonUniformFirst && op <= opGroupNonUniformLast || op == opTypeCooperativeMatrix
	}
}

func set[T any](table map[uint32]map[uint32]T, id, member uint32, value T) {
	if table[id] == nil {
		table[id] = map[uint32]T{}
	}
	table[id][member] = value
}

func (m *module) members(structure uint32) []shaders.Member {
	var members []shaders.Member
	for i, t := range m.types[structure][1:] {
		member := uint32(i)
		members = append(members, shaders.Member{Name: m.memberNames[structure][member], Offset: m.offsets[structure][member], Size: m.size(t)})
	}
	return members
}

// size in bytes, scalar layout.
func (m *module) size(id uint32) int {
	t := m.types[id]
	switch t[0] {
	case opTypeInt, opTypeFloat:
		return int(t[1]) / 8
	case opTypeVector:
		return m.size(t[1]) * int(t[2])
	case opTypeArray:
		return m.size(t[1]) * int(m.constants[t[2]])
	case opTypePointer:
		return pointerBytes
	}
	total := 0
	for _, member := range t[1:] {
		total += m.size(member)
	}
	return total
}

// text reads a string literal: characters in words, lowest byte first, ended by 0.
func text(words []uint32) string {
	var b []byte
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	if end := slices.Index(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}
