'use strict'
const byId = (id) => document.getElementById(id)
const cell = (row, text, tone) => {
  const td = row.insertCell()
  td.textContent = text
  if (tone) td.className = tone
  return td
}
const post = (path, body) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json', 'x-jiaolian': '1' }, body: JSON.stringify(body) })
const button = (parent, text, action) => {
  const made = document.createElement('button')
  made.type = 'button'
  made.textContent = text
  made.addEventListener('click', action)
  parent.append(made)
}

// Every office right after the one above it.
const below = (offices, key) =>
  offices.filter((office) => office.parent === key).flatMap((office) => [office, ...below(offices, office.key)])

function drawOffice(body, office) {
  const row = body.insertRow()
  row.dataset.key = office.key
  const name = row.insertCell()
  name.style.paddingLeft = `${8 + 20 * (5 - office.tier)}px`
  const link = document.createElement('a')
  if (office.url !== null) link.href = office.url
  link.target = '_blank'
  link.rel = 'noopener'
  link.textContent = office.name
  name.append(link)
  cell(row, office.running ? '运行' : '停止', office.running ? 'good' : 'bad')
  const up = office.parent === null || !office.running ? '—' : !office.switch_open ? '已断开' : office.linked ? '已接通' : '未接通'
  cell(row, up, up === '已接通' ? 'good' : up === '—' ? 'quiet' : 'bad')
  // What a program that is off holds can't be told.
  cell(row, office.running ? office.waiting.join(' / ') : '—')
  cell(row, office.running ? office.sent_bytes.join(' / ') : '—')
  cell(row, office.running ? `${office.alarms_raised} / ${office.alarms_held}` : '—')
  cell(row, office.running ? String(office.refused) : '—', office.refused > 0 ? 'bad' : 'quiet')
  const actions = row.insertCell()
  if (office.parent !== null) {
    button(actions, office.switch_open ? '断开线路' : '接通线路', () => post('/api/link', { key: office.key, open: !office.switch_open }))
  }
  button(actions, office.running ? '断电' : '上电', () => post(office.running ? '/api/kill' : '/api/restart', { key: office.key }))
}

function drawPeople(state) {
  const people = byId('people')
  if (people.childElementCount === state.people.length) return
  people.replaceChildren(...state.people.map((person) => {
    const item = document.createElement('li')
    item.textContent = `${person.staff_number}　${person.name}　${person.office}`
    return item
  }))
  byId('passphrase').textContent = state.passphrase
  byId('person').replaceChildren(...state.subjects.map((subject) => {
    const option = document.createElement('option')
    option.value = subject.device
    option.textContent = `${subject.name}（${subject.office}）`
    return option
  }))
}

async function refresh() {
  try {
    const state = await (await fetch('/api/state')).json()
    const body = byId('offices')
    const focused = document.activeElement?.closest?.('tr')?.dataset.key
    const label = document.activeElement?.textContent
    body.replaceChildren()
    for (const office of below(state.offices, null)) drawOffice(body, office)
    if (focused) {
      const row = body.querySelector(`tr[data-key="${focused}"]`)
      ;[...(row?.querySelectorAll('button') ?? [])].find((b) => b.textContent === label)?.focus()
    }
    drawPeople(state)
    byId('walk-state').textContent = state.walk
  } finally {
    setTimeout(refresh, 1000)
  }
}

byId('walk').addEventListener('submit', (event) => {
  event.preventDefault()
  post('/api/walk', { device: byId('person').value, speed: Number(byId('speed').value) })
})
refresh()
