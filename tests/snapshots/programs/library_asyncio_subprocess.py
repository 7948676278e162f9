import asyncio
async def main():
    p = await asyncio.create_subprocess_exec('echo', 'x', stdout=-1)
    print(await p.communicate(), p.returncode)
asyncio.run(main())
