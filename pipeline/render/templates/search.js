(d=>{const f=d.querySelector('.search');if(!f)return;f.hidden=false;
const box=f.querySelector('input'),list=f.querySelector('ol'),said=f.querySelector('p');
const flat=s=>s.normalize('NFKD').replace(/[\u0300-\u036f]/g,'').toLowerCase();
const of=(s,kind)=>[...d.querySelectorAll(s)].map(e=>{const t=e.closest('[id]'),
words=e.textContent.replace(/#$/,'').trim().replace(/\s+/g,' ');
return{id:t.closest('figure')?t.closest('figure').id:t.id,words,kind,
more:flat(words+' '+(e.tagName=='H3'&&e.closest('figure')?e.closest('figure').textContent:''))}});
const all=[...of('main h2','Section'),...of('figure h3','Figure'),...of('.sentence','Sentence'),...of('.card dt','Method')];
box.oninput=()=>{const asked=flat(box.value).split(/\s+/).filter(Boolean);
const found=asked.length?all.filter(x=>asked.every(w=>x.more.includes(w))):[];
said.textContent=asked.length?found.length+(found.length==1?' place':' places')+(found.length>12?', the first 12 shown':''):'';
list.replaceChildren(...found.slice(0,12).map(x=>{const li=d.createElement('li'),a=d.createElement('a'),k=d.createElement('small');
a.href='#'+x.id;a.textContent=x.words.length>110?x.words.slice(0,109)+'…':x.words;k.textContent=x.kind+' ';a.prepend(k);li.append(a);return li}))};
f.onsubmit=e=>{e.preventDefault();const a=list.querySelector('a');a&&a.click()}})(document)
