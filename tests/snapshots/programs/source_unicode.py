größe = 'Zoë 🎈'
print(größe, len(größe))
